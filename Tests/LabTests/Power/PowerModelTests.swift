// Random writes of several processes, against a model of what a disk has after a cut of power.

import Foundation
import Testing

@testable import Lab

@Suite struct PowerModelTests {
  /// A file as its processes see it, and as it was when it was flushed last.
  private struct ModelFile {
    var content: [UInt8] = []
    var flushed: [UInt8] = []

    mutating func write(_ bytes: [UInt8], at offset: Int) {
      if bytes.isEmpty { return }
      resize(max(content.count, offset + bytes.count))
      content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    mutating func resize(_ size: Int) {
      content = Array(content.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - content.count))
    }
  }

  private static let names = ["a", "b", "c"]
  private static let modes = ["rw", "w", "append", "sync"]

  @Test(arguments: 0..<6) func aCutLeavesWhatWasFlushedWhateverWasDone(round: Int) throws {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("seed \(seed)")
    var chance = SplitMix(seed)
    let host = try PowerHost()
    let writers = try (0..<3).map { _ in try host.writer() }
    var files = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, ModelFile()) })
    for writer in writers {
      for name in Self.names { for mode in Self.modes { try writer.tell("open", name, mode) } }
    }
    for name in Self.names {
      let (seed, length) = (Int(chance.below(256)), Int(chance.below(200_000)))
      try writers[0].tell("pwrite", name + ".rw", 0, seed, length)
      files[name]?.write(Writer.data(seed, length), at: 0)
      files[name]?.flushed = Writer.data(seed, length)
    }
    host.power.arm()
    for _ in 0..<chance.below(150) {
      let name = Self.names[Int(chance.below(3))]
      try Self.step(writers[Int(chance.below(3))], name, &files[name, default: ModelFile()], &chance)
    }
    let lost = try host.cut()
    #expect(lost.complaint == nil)
    for name in Self.names { #expect(host.read(name) == files[name]?.flushed, "\(name), seed \(seed)") }
  }

  private static func step(
    _ writer: Writer, _ name: String, _ file: inout ModelFile, _ chance: inout SplitMix
  ) throws {
    let (seed, length) = (Int(chance.below(256)), Int(chance.below(chance.below(4) == 0 ? 150_000 : 5_000)))
    let offset = Int(chance.below(UInt64(file.content.count + 10_000)))
    let bytes = Writer.data(seed, length)
    switch chance.below(12) {
    case 0...2:
      try writer.tell("pwrite", name + (chance.below(2) == 0 ? ".rw" : ".w"), offset, seed, length)
      file.write(bytes, at: offset)
    case 3:
      try writer.tell("pwritev", name + ".rw", offset, seed, length)
      file.write(bytes, at: offset)
    case 4, 5:
      try writer.tell(chance.below(2) == 0 ? "write" : "writev", name + ".append", seed, length)
      file.write(bytes, at: file.content.count)
    case 6:
      try writer.tell("pwrite", name + ".sync", offset, seed, length)
      file.write(bytes, at: offset)
      file.flushed = file.content
    case 7:
      try writer.tell("ftruncate", name + ".rw", offset)
      file.resize(offset)
    case 8:
      try writer.tell("truncate", name, offset)
      file.resize(offset)
    case 9:
      try writer.tell("allocate", name + ".rw", offset, length + 1)
      file.resize(max(file.content.count, offset + length + 1))
    default:
      try writer.tell(
        chance.below(2) == 0 ? "fsync" : "fdatasync", name + (chance.below(2) == 0 ? ".rw" : ".w"))
      file.flushed = file.content
    }
  }
}

/// Chance that can be had again.
private struct SplitMix {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  /// A number from 0 up to, and without, `limit`.
  mutating func below(_ limit: UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return (mixed ^ (mixed >> 31)) % limit
  }
}
