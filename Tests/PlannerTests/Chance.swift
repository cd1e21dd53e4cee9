// Random choices that can be repeated: a test prints its seed.

/// SplitMix64, by Sebastiano Vigna: the same seed gives the same numbers.
struct Chance: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  /// A seed of its own, printed as that of `test`.
  init(_ test: String) {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("\(test): seed \(seed)")
    self.init(seed: seed)
  }

  init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
