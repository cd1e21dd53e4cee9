// A hash that is the same on every machine and for good.

/// FNV-1a with 64 bits (Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv/). It spreads keys and tells changed bytes;
/// whoever wants two inputs with one hash finds them.
package enum FNV1a {
  package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
