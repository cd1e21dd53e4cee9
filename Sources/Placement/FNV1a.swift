// A hash that is the same on every machine and for good.

/// FNV-1a (Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv/). It spreads keys and tells changed bytes; whoever wants
/// two inputs with one hash finds them.
package enum FNV1a {
  package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    hash(bytes, from: 0xcbf2_9ce4_8422_2325, by: 0x100_0000_01b3)
  }

  /// With 32 bits: a short name for a name. What browsers carry has it, so it stays what it is.
  package static func shortHash(_ bytes: some Sequence<UInt8>) -> UInt32 {
    hash(bytes, from: 0x811c_9dc5, by: 0x0100_0193)
  }

  private static func hash<Word: FixedWidthInteger>(
    _ bytes: some Sequence<UInt8>, from basis: Word, by prime: Word
  ) -> Word {
    bytes.reduce(basis) { ($0 ^ Word($1)) &* prime }
  }
}
