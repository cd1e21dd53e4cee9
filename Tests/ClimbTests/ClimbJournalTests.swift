// The memory of a climb, whole and damaged.

import Foundation
import TestSupport
import Testing

@testable import Climb

@Suite struct ClimbJournalTests {
  private static let records: [ClimbRecord] = [
    .began(steps: ["pack"], nil), .starts(.run, step: "pack"),
    .failed(.run, step: "pack", reason: "no \"rope\"\n"),
    .resumed(.back), .starts(.undo, step: "pack"), .done(.undo, step: "pack"), .reverted, .committed,
  ]

  private let temporary: TemporaryFolder
  private let path: String

  init() throws {
    temporary = try TemporaryFolder()
    path = temporary.path + "/climb.ndjson"
  }

  private func write(_ records: [ClimbRecord]) throws {
    let journal = try ClimbJournal(path: path)
    for record in records { try journal.append(record) }
  }

  @Test func theFileIsMadeForItsOwnerOnly() throws {
    #expect(try ClimbJournal.read(path).isEmpty)
    #expect(try ClimbJournal(path: path).records.isEmpty)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func eachRecordIsInTheFileWhenAppendReturnsAndInOrder() throws {
    let journal = try ClimbJournal(path: path)
    for (index, record) in Self.records.enumerated() {
      try journal.append(record)
      #expect(try ClimbJournal.read(path) == Array(Self.records.prefix(index + 1)))
    }
    #expect(try ClimbJournal(path: path).records == Self.records)
  }

  @Test func whatIsAppendedComesAfterWhatEarlierRunsWrote() throws {
    try write(Array(Self.records.prefix(3)))
    try write(Array(Self.records.dropFirst(3)))
    #expect(try ClimbJournal.read(path) == Self.records)
  }

  @Test func aLineCutOffAnywhereIsRemovedAndTheRestStays() throws {
    try write(Array(Self.records.prefix(2)))
    let whole = temporary.read("climb.ndjson")
    let first = try #require(whole.firstIndex(of: "\n"))
    let lastLine = whole[whole.index(after: first)...]
    for count in 1..<lastLine.count {
      try temporary.write(whole[...first] + String(lastLine.prefix(count)), to: "climb.ndjson")
      #expect(try ClimbJournal.read(path) == [Self.records[0]])
      try write([Self.records[3]])
      #expect(try ClimbJournal.read(path) == [Self.records[0], Self.records[3]])
    }
  }

  @Test(arguments: ["not a record", "", "{}", "{\"atMs\": 1, \"record\": {\"flew\": {}}}"])
  func aBrokenLineInTheMiddleIsToldByPathAndLine(broken: String) throws {
    try write(Array(Self.records.prefix(2)))
    var lines = temporary.read("climb.ndjson").split(separator: "\n").map(String.init)
    lines.insert(broken, at: 1)
    let text = lines.map { $0 + "\n" }.joined()
    try temporary.write(text, to: "climb.ndjson")
    let expected = ClimbError.brokenJournal(path: path, line: 2)
    #expect(throws: expected) { try ClimbJournal(path: path) }
    #expect(throws: expected) { try ClimbJournal.read(path) }
    #expect(temporary.read("climb.ndjson") == text)
  }

  @Test func aFileThatCannotBeOpenedIsNamed() {
    let path = temporary.path + "/missing/climb.ndjson"
    #expect(throws: ClimbError.system(attempt: "opening \(path)", code: ENOENT)) {
      try ClimbJournal(path: path)
    }
  }

  @Test func aBeginningOfAnotherVersionIsReadWithoutItsTopologies() throws {
    try temporary.write(
      """
      {"atMs":1760000000000,"record":{"change":{"before":{"stage":2}},"event":"began","steps":["pack"]}}

      """, to: "climb.ndjson")
    #expect(try ClimbJournal.read(path) == [.began(steps: ["pack"], nil)])
  }

  @Test func whatAClimbLeadsFromAndToIsReadAsItWasWritten() throws {
    let change = Climber.Route(to: 5, listensOnPort: false).change
    try ClimbJournal(path: path).append(.began(steps: ["pack"], change))
    #expect(try ClimbJournal.read(path) == [.began(steps: ["pack"], change)])
  }

  @Test func aRecordOnDiskKeepsItsForm() throws {
    // Journals outlive versions: these lines were written by the first.
    try temporary.write(
      """
      {"atMs":1760000000000,"record":{"event":"began","steps":["pack"]}}
      {"atMs":1760000000000,"record":{"event":"starts","operation":"run","step":"pack"}}
      {"atMs":1760000000000,"record":{"event":"failed","operation":"run","reason":"no rope","step":"pack"}}
      {"atMs":1760000000000,"record":{"direction":"back","event":"resumed"}}
      {"atMs":1760000000000,"record":{"event":"done","operation":"undo","step":"pack"}}
      {"atMs":1760000000000,"record":{"event":"reverted"}}
      {"atMs":1760000000000,"record":{"event":"committed"}}

      """, to: "climb.ndjson")
    #expect(
      try ClimbJournal.read(path) == [
        .began(steps: ["pack"], nil), .starts(.run, step: "pack"),
        .failed(.run, step: "pack", reason: "no rope"),
        .resumed(.back), .done(.undo, step: "pack"), .reverted, .committed,
      ])
  }
}
