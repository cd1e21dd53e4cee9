// Pictures are told by their bytes; what is cut short, damaged or invented is refused and never a crash.

import HeightsData
import TestSupport
import Testing

@Suite struct ImageKindTests {
  struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: ImageKind
    let width: Int
    let height: Int
    /// How many of the bytes it takes to tell the size.
    let headerBytes: Int
    let bytes: [UInt8]
    var testDescription: String { name }
  }

  private static let png: [UInt8] =
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
    + [0, 0, 0, 3, 0, 0, 1, 2, 8, 6, 0, 0, 0, 0x5a, 0x1f, 0x3c, 0x77]
    + [0, 0, 0, 0] + Array("IEND".utf8) + [0xae, 0x42, 0x60, 0x82]

  private static func gif(_ version: String) -> [UInt8] {
    Array("GIF\(version)".utf8) + [
      3, 0, 2, 1, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2c, 0, 0, 0, 0, 3, 0, 2, 1, 0, 2, 0, 0x3b,
    ]
  }

  private static func jpeg(frame: UInt8) -> [UInt8] {
    [0xff, 0xd8, 0xff, 0xe0, 0, 16] + Array("JFIF\0".utf8) + [1, 1, 0, 0, 1, 0, 1, 0, 0]
      + [0xff, 0xdb, 0, 5, 0, 1, 1, 0xff, 0xff, frame, 0, 11, 8, 1, 2, 0, 3, 1, 1, 0x11, 0, 0xff, 0xd9]
  }

  private static func webp(_ chunk: String, _ content: [UInt8]) -> [UInt8] {
    Array("RIFF".utf8) + [UInt8(content.count + 12), 0, 0, 0] + Array("WEBP\(chunk)".utf8)
      + [UInt8(content.count), 0, 0, 0] + content
  }

  static let samples = [
    Sample(name: "PNG", kind: .png, width: 3, height: 258, headerBytes: 33, bytes: png),
    Sample(name: "GIF87a", kind: .gif, width: 3, height: 258, headerBytes: 13, bytes: gif("87a")),
    Sample(name: "GIF89a", kind: .gif, width: 3, height: 258, headerBytes: 13, bytes: gif("89a")),
    Sample(name: "JPEG", kind: .jpeg, width: 3, height: 258, headerBytes: 37, bytes: jpeg(frame: 0xc0)),
    Sample(
      name: "progressive JPEG", kind: .jpeg, width: 3, height: 258, headerBytes: 37, bytes: jpeg(frame: 0xc2)),
    Sample(
      name: "lossy WebP", kind: .webp, width: 3, height: 258, headerBytes: 30,
      bytes: webp("VP8 ", [0x10, 0, 0, 0x9d, 0x01, 0x2a, 3, 0x40, 2, 0x81, 0, 0])),
    Sample(
      name: "lossless WebP", kind: .webp, width: 3, height: 258, headerBytes: 30,
      bytes: webp("VP8L", [0x2f, 0x02, 0x40, 0x40, 0x00, 0, 0, 0, 0, 0, 0, 0])),
    Sample(
      name: "extended WebP", kind: .webp, width: 3, height: 258, headerBytes: 30,
      bytes: webp("VP8X", [0x10, 0, 0, 0, 2, 0, 0, 1, 1, 0, 0, 0])),
  ]

  @Test(arguments: samples)
  func aPictureIsKnownWithItsSize(sample: Sample) throws {
    #expect(ImageKind(sample.bytes) == sample.kind)
    let size = try #require(sample.kind.dimensions(sample.bytes))
    #expect(size == (sample.width, sample.height))
    for other in ImageKind.allCases where other != sample.kind {
      #expect(other.dimensions(sample.bytes) == nil)
    }
  }

  @Test(arguments: samples)
  func aPictureCutShortIsRefusedUntilItsHeaderIsComplete(sample: Sample) {
    for length in 0...sample.bytes.count {
      let kind = ImageKind(Array(sample.bytes.prefix(length)))
      #expect(kind == (length >= sample.headerBytes ? sample.kind : nil), "\(length) bytes")
    }
  }

  @Test(arguments: samples)
  func aDamagedPictureIsNeverACrash(sample: Sample) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    for _ in 0..<5_000 {
      var bytes = sample.bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
      for kind in ImageKind.allCases {
        if let size = kind.dimensions(bytes) {
          try #require(size.width > 0 && size.height > 0, "seed \(seed)")
        }
      }
    }
  }

  @Test func bytesThatAreNoPictureAreRefused() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      try #require(ImageKind(bytes) == nil, "seed \(seed): \(bytes)")
    }
    for text in ["<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "<html>", "%PDF-1.7", "BM", "GIF90a"] {
      #expect(ImageKind(Array(text.utf8) + [UInt8](repeating: 1, count: 40)) == nil)
    }
  }

  @Test func aPictureWithoutAreaIsRefused() {
    var bytes = Self.png
    bytes.replaceSubrange(16..<20, with: [0, 0, 0, 0])
    #expect(ImageKind(bytes) == nil)
  }

  @Test func namesFitTheKinds() {
    #expect(ImageKind.allCases.map(\.fileExtension) == ["jpg", "png", "gif", "webp"])
    #expect(ImageKind.allCases.map(\.mediaType) == ["image/jpeg", "image/png", "image/gif", "image/webp"])
  }
}
