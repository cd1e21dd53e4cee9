// What a cut of power takes: all that was not flushed, and nothing that was.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct PowerCutTests {
  @Test func aWriteThatWasNotFlushedIsGoneAndOneThatWasIsThere() throws {
    let host = try PowerHost()
    let writer = try host.writer()
    for name in ["kept", "lost"] {
      try writer.tell("open", name, "rw")
      try writer.tell("pwrite", name + ".rw", 0, 1, 5_000)
    }
    host.power.arm()
    for name in ["kept", "lost"] { try writer.tell("pwrite", name + ".rw", 1_000, 2, 9_000) }
    try writer.tell("fdatasync", "kept.rw")
    let lost = try host.cut()
    #expect(lost.bytes == 9_000 && lost.files == 1 && lost.complaint == nil)
    #expect(host.read("lost") == Writer.data(1, 5_000))
    #expect(host.read("kept") == Writer.data(1, 1_000) + Writer.data(2, 9_000))
  }

  @Test func whatWasWrittenBeforeItWasArmedAndAfterItWasDisarmedStays() throws {
    let host = try PowerHost()
    let writer = try host.writer()
    try writer.tell("open", "file", "rw")
    try writer.tell("write", "file.rw", 1, 10)
    host.power.arm()
    host.power.disarm()
    try writer.tell("write", "file.rw", 2, 10)
    #expect(try host.cut().complaint?.contains("nobody asked") == true)
    #expect(host.read("file") == Writer.data(1, 10) + Writer.data(2, 10))
  }

  @Test func aFlushOfOneProcessCoversTheWritesOfAnother() throws {
    let host = try PowerHost()
    let (first, second) = (try host.writer(), try host.writer())
    try first.tell("open", "file", "append")
    try second.tell("open", "file", "w")
    host.power.arm()
    try first.tell("write", "file.append", 1, 100)
    try second.tell("fsync", "file.w")
    try first.tell("write", "file.append", 2, 100)
    #expect(try host.cut().bytes == 100)
    #expect(host.read("file") == Writer.data(1, 100))
  }

  /// A file system gives the number of a deleted file to the next that is made.
  @Test func aNewFileIsNotTakenForADeletedOne() throws {
    let host = try PowerHost()
    let writer = try host.writer()
    host.power.arm()
    for round in 0..<20 {
      try writer.tell("open", "old\(round)", "rw")
      try writer.tell("pwrite", "old\(round).rw", 0, 1, 3_000)
      try writer.tell("unlink", "old\(round)")
    }
    let other = try host.writer()
    // A deleted file keeps its number while somebody has it open.
    writer.kill()
    for round in 0..<20 {
      try other.tell("open", "new\(round)", "rw")
      try other.tell("pwrite", "new\(round).rw", 0, 2, 500)
      try other.tell("fsync", "new\(round).rw")
    }
    #expect(try host.cut() == Unflushed())
    for round in 0..<20 { #expect(host.read("new\(round)") == Writer.data(2, 500)) }
  }

  @Test func whoRunsWithoutTheLibraryIsToldAndKeepsAll() throws {
    let host = try PowerHost()
    let writer = try host.writer(hasLibrary: false)
    host.power.arm()
    try writer.tell("open", "file", "rw")
    try writer.tell("write", "file.rw", 1, 10)
    #expect(try host.cut().complaint?.contains("without the library") == true)
    #expect(host.read("file") == Writer.data(1, 10))
  }

  @Test func whatCouldNotBeNotedIsToldAndNothingIsTakenBack() throws {
    let host = try PowerHost()
    let writer = try host.writer()
    host.power.arm()
    try writer.tell("open", "file", "rw")
    try writer.tell("write", "file.rw", 1, 10)
    host.forgetLog()
    try writer.tell("write", "file.rw", 2, 10)
    #expect(try host.cut().complaint?.contains("could not be noted") == true)
    #expect(host.read("file") == Writer.data(1, 10) + Writer.data(2, 10))
  }

  @Test func whatIsAcknowledgedAfterAFlushSurvivesWheneverTheCutComes() throws {
    for delayMs in [0, 20, 100, 300] {
      let host = try PowerHost()
      let writers = try (0..<3).map { _ in try host.writer() }
      host.power.arm()
      // Two share their files, one has its own.
      for (index, writer) in writers.enumerated() {
        try writer.order(["count", index < 2 ? "shared" : "own", index, 3])
      }
      for writer in writers { _ = try writer.answer() }
      usleep(UInt32(delayMs) * 1_000)
      let lost = try host.cut()
      let survivors = Set((host.read("shared.flushed") + host.read("own.flushed")).split(separator: 10))
      let said = writers.flatMap { $0.lastWords() }
      #expect(said.allSatisfy { survivors.contains(Array("\($0)".utf8)[...]) }, "after \(delayMs) ms")
      #expect(host.read("shared.lazy").isEmpty && host.read("own.lazy").isEmpty && lost.bytes > 0)
    }
  }

  @Test func whatIsLostIsToldAndWhatSurvivesToo() {
    var lost = Unflushed()
    (lost.bytes, lost.files) = (1_234, 3)
    #expect("\(lost)" == "1234 bytes in 3 files that were not flushed are gone")
    lost = lost + .surviving("app runs without it")
    #expect(
      "\(lost)" == "1234 bytes in 3 files that were not flushed are gone, but not all: app runs without it")
    #expect("\(Unflushed.surviving("why"))" == "what was not flushed survives in the page cache: why")
  }

  /// Whoever may write the log may not have the lab write to other people's files, or take them as its own log.
  @Test func aLinkInPlaceOfTheLogIsNotFollowed() throws {
    let host = try PowerHost()
    let writer = try host.writer()
    host.power.arm()
    try writer.tell("open", "file", "rw")
    try writer.tell("write", "file.rw", 1, 10)
    let other = host.temporary.path + "/other"
    try host.temporary.write("whose?", to: "other")
    host.forgetLog()
    symlink(other, host.temporary.path + "/power/undo")
    #expect(throws: LabError.self) { _ = try host.cut() }
    #expect(host.temporary.read("other") == "whose?")
  }

  @Test func whatACrashedLabHasLeftIsGoneWhenTheNextOneBegins() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    try HostPower.make(in: folder.power + "/database-a", owner: nil)
    try PowerLibrary.install(in: folder)
    #expect(access(folder.power + "/database-a", F_OK) != 0)
    #expect((access(folder.power + "/" + PowerLibrary.name, R_OK) == 0) == (PowerLibrary.built != nil))
  }

  @Test func sqliteKeepsWhatItCommittedAndLosesItWhenItIsToldNotToFlush() throws {
    for (setting, kept) in [("FULL", 20), ("OFF", 0)] {
      let host = try PowerHost()
      let writer = try host.writer()
      try writer.tell("make", "rows.db")
      host.power.arm()
      #expect(try writer.tell("commit", "rows.db", setting, 20) == 20)
      _ = try host.cut()
      #expect(try host.writer().tell("rows", "rows.db") == kept, "synchronous = \(setting)")
    }
  }

  @Test(arguments: ["plain", "a space", "a: colon"]) func theLoaderDoesNotSplitThePathOfAnAppsFolder(
    name: String
  ) throws {
    let parent = NSTemporaryDirectory() + "heights-power-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: "\(parent)/\(name)", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: parent) }
    let folder = try AppFolder("\(parent)/\(name)")
    let path = PowerLibrary.plainPath(of: folder)
    #expect(path == (name == "plain" ? folder.power : "../../power"))
    #expect(!PowerLibrary.variables(library: path + "/x.so", hostFolder: "/h", others: nil).isEmpty)
  }

  @Test func aPathThatThePreloaderWouldSplitIsLeftOut() {
    #expect(PowerLibrary.variables(library: "/a b/x.so", hostFolder: "/h", others: nil).isEmpty)
    let both = PowerLibrary.variables(library: "/a/x.so", hostFolder: "/h", others: "/b/y.so")
    #expect(both == ["LD_PRELOAD": "/a/x.so:/b/y.so", "HEIGHTS_POWER": "/h"])
  }
}
