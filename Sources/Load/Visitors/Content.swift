// What visitors write and upload, and how it is known again.

import Foundation
import Placement

/// What visitors write.
enum PostText {
  private static let words = [
    "ridge", "valley", "summit", "snow", "morning", "trail", "river", "stone", "light", "wind", "camp",
    "cloud", "rope",
    "hut", "larch", "glacier", "boots", "map", "north", "col", "view", "weather", "slowly", "again", "above",
    "below",
    "über", "höhe", "🏔️", "\"quiet\"", "café", "<b>",
  ]

  /// Six to thirty words; some are not ASCII or need escaping, as people's are.
  static func make(_ random: inout SeededRandom) -> String {
    let count = Int.random(in: 6...30, using: &random)
    return (0..<count).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }.joined(
      separator: " ")
  }

  static func hash(_ text: String) -> String { Checksum.of(text.utf8) }
}

/// What visitors upload.
enum Picture {
  private static let commentBytes = 100...20_000

  /// A GIF of one pixel whose comment is noise, so that no two are alike.
  static func make(_ random: inout SeededRandom) -> [UInt8] {
    let size: [UInt8] = [1, 0, 1, 0]
    let twoColors: [UInt8] = [0x80, 0, 0, 0, 0, 0, 255, 255, 255]
    let onePixel: [UInt8] = [0x2c, 0, 0, 0, 0] + size + [0, 2, 2, 0x44, 1, 0]
    return Array("GIF89a".utf8) + size + twoColors + comment(&random) + onePixel + [0x3b]
  }

  private static func comment(_ random: inout SeededRandom) -> [UInt8] {
    // Two runs of one seed upload different pictures.
    let name = Array(UUID().uuidString.utf8)
    let count = Int.random(in: commentBytes, using: &random)
    let bytes = name + (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let blocks = stride(from: 0, to: bytes.count, by: 255).flatMap { start in
      let block = bytes[start..<min(start + 255, bytes.count)]
      return [UInt8(block.count)] + block
    }
    return [0x21, 0xfe] + blocks + [0]
  }
}

enum Checksum {
  /// FNV-1a, 16 hexadecimal digits: tells changed bytes, not forged ones.
  static func of(_ bytes: some Sequence<UInt8>) -> String {
    let digits = String(FNV1a.hash(bytes), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
