// The bytes of a text that is read as JSON.

import Glibc

/// A copy of a text with zeros after it: a zero is nothing that JSON allows, so who reads byte by byte stops there.
///
/// A copy, because a type may keep its decoder: then the text lives on with it.
struct JSONSource: ~Copyable {
  /// What is read at once.
  private static let padding = 8

  // Sound: this alone has the memory, of `count` bytes and the padding. Who reads at a position asks for one from 0 to
  // `count`; only the tokenizer writes, below the position that it has read up to, before anybody has a token.
  let start: UnsafeMutablePointer<UInt8>
  let count: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    count = bytes.count
    start = .allocate(capacity: count + Self.padding)
    if let first = bytes.baseAddress { start.initialize(from: first, count: count) }
    (start + count).initialize(repeating: 0, count: Self.padding)
  }

  deinit { start.deallocate() }

  subscript(position: Int) -> UInt8 {
    @inline(__always) get { start[position] }
  }

  /// The bytes of a text or number.
  @inline(__always)
  func bytes(of token: JSONToken) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: start + Int(token.start), count: Int(token.extent))
  }

  /// Whether a token is a text of these bytes.
  @inline(__always)
  func isText(_ token: JSONToken, _ other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard token.kind == .text, Int(token.extent) == other.count else { return false }
    guard let first = other.baseAddress else { return true }
    return memcmp(start + Int(token.start), first, other.count) == 0
  }

  /// Takes the place of bytes that have been read.
  func replace(at position: Int, with byte: UInt8) { start[position] = byte }

  /// Moves bytes down.
  func move(_ range: Range<Int>, to position: Int) {
    memmove(start + position, start + range.lowerBound, range.count)
  }

  /// Eight bytes, the first one lowest.
  @inline(__always)
  func eight(at position: Int) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(start + position).loadUnaligned(as: UInt64.self))
  }
}

extension JSONSource {
  /// How many bytes from the position on are as they stand in a text: neither its end nor an escape, a control character or
  /// beyond ASCII.
  @inline(__always)
  func plainBytes(at position: Int) -> Int {
    var end = position
    while true {
      let special = Self.special(eight(at: end))
      // The text ends with a zero, which is special.
      if special != 0 { return end - position + special.trailingZeroBitCount / 8 }
      end += 8
    }
  }

  /// Of eight bytes at once, the high bit of each that is special: below 0x20 or beyond 0x7f, a quote or a backslash.
  /// A borrow may mark others too, above one that is.
  @inline(__always)
  private static func special(_ eight: UInt64) -> UInt64 {
    let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    let quote = eight ^ (ones &* 0x22)
    let backslash = eight ^ (ones &* 0x5c)
    let control = (eight &- (ones &* 0x20)) & ~eight
    return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control | eight) & highs
  }

  /// How many bytes the character takes that begins here beyond ASCII; 0 if it isn't valid (RFC 3629, 4).
  func multibyteLength(at position: Int) -> Int {
    func follows(_ distance: Int, _ range: ClosedRange<UInt8> = 0x80...0xbf) -> Bool {
      range.contains(start[position + distance])
    }
    // A zero after the text is no byte that follows, so that what is cut short is not read beyond its end.
    switch start[position] {
    case 0xc2...0xdf: return follows(1) ? 2 : 0
    case 0xe0: return follows(1, 0xa0...0xbf) && follows(2) ? 3 : 0
    case 0xed: return follows(1, 0x80...0x9f) && follows(2) ? 3 : 0
    case 0xe1...0xef: return follows(1) && follows(2) ? 3 : 0
    case 0xf0: return follows(1, 0x90...0xbf) && follows(2) && follows(3) ? 4 : 0
    case 0xf1...0xf3: return follows(1) && follows(2) && follows(3) ? 4 : 0
    case 0xf4: return follows(1, 0x80...0x8f) && follows(2) && follows(3) ? 4 : 0
    default: return 0
    }
  }

  /// The four digits here; nil if they are not hexadecimal.
  func hexadecimal(at position: Int) -> UInt32? {
    var value: UInt32 = 0
    for offset in 0..<4 {
      let byte = start[position + offset]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    return value
  }
}
