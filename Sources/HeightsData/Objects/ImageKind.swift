// What kind of picture some bytes are: told by the bytes themselves.

/// A picture format that is taken, recognised by its content.
public enum ImageKind: String, CaseIterable, Sendable {
  case jpeg, png, gif, webp

  /// The kind whose signature and dimensions the bytes have; nil when they are no picture of these kinds.
  public init?(_ bytes: [UInt8]) {
    guard let kind = ImageKind.allCases.first(where: { $0.dimensions(bytes) != nil }) else { return nil }
    self = kind
  }

  /// Without a dot: `jpg`, `png`, `gif` or `webp`.
  public var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
  /// As `Content-Type` has it, such as `image/png`.
  public var mediaType: String { "image/" + rawValue }

  /// Width and height in pixels, from the format's own header; nil when the bytes aren't of this format.
  public func dimensions(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
    let found: (width: Int, height: Int)? =
      switch self {
      case .png: ImageKind.png(bytes)
      case .gif: ImageKind.gif(bytes)
      case .webp: ImageKind.webp(bytes)
      case .jpeg: ImageKind.jpeg(bytes)
      }
    guard let found, found.width > 0, found.height > 0 else { return nil }
    return found
  }

  private static func png(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
    guard bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), bytes.count >= 33,
      bytes[12..<16].elementsEqual("IHDR".utf8)
    else { return nil }
    return (big(bytes, 16, 4), big(bytes, 20, 4))
  }

  private static func gif(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
    guard bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8), bytes.count >= 13 else {
      return nil
    }
    return (little(bytes, 6, 2), little(bytes, 8, 2))
  }

  private static func webp(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
    guard bytes.count >= 30, bytes.starts(with: "RIFF".utf8), bytes[8..<12].elementsEqual("WEBP".utf8)
    else { return nil }
    switch String(decoding: bytes[12..<16], as: UTF8.self) {
    case "VP8X": return (little(bytes, 24, 3) + 1, little(bytes, 27, 3) + 1)
    case "VP8 " where bytes[23..<26].elementsEqual([0x9d, 0x01, 0x2a]):
      return (little(bytes, 26, 2) & 0x3fff, little(bytes, 28, 2) & 0x3fff)
    case "VP8L" where bytes[20] == 0x2f:
      let bits = little(bytes, 21, 4)
      return ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
    default: return nil
    }
  }

  /// Walks the segments up to the frame header, which holds the size.
  private static func jpeg(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
    guard bytes.starts(with: [0xff, 0xd8, 0xff]) else { return nil }
    var position = 2
    while position + 9 <= bytes.count {
      guard bytes[position] == 0xff else { return nil }
      let marker = bytes[position + 1]
      if marker == 0xff {
        position += 1
        continue
      }
      if (0xc0...0xcf).contains(marker), ![0xc4, 0xc8, 0xcc].contains(marker) {
        return (big(bytes, position + 7, 2), big(bytes, position + 5, 2))
      }
      let length = big(bytes, position + 2, 2)
      guard length >= 2 else { return nil }
      position += 2 + length
    }
    return nil
  }

  private static func big(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
    guard start + count <= bytes.count else { return 0 }
    return bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func little(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
    guard start + count <= bytes.count else { return 0 }
    return bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
