// A lab's processes run releases, and come from one to another.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct LabReleasesTests {
  private static let answer = #"" ".join(os.environ[key] for key in keys)"#

  /// The app says something else from now on, or does something else at its start.
  private static func edit(_ folder: TemporaryFolder, of old: String = answer, _ new: String) throws {
    try folder.write(folder.read("app.py").replacing(old, with: new), to: "app.py")
  }

  private static func says(_ lab: LabFixture, _ text: String) -> Bool {
    eventually { lab.get()?.hasPrefix(text) == true }
  }

  private static func die(_ lab: LabFixture, restarts: Int) {
    _ = lab.get("/die")
    #expect(
      eventually {
        (try? lab.client.send(.status))?.processes.first { $0.name == "app" }?.restarts == restarts
      })
  }

  /// What it keeps beside its program, and how that is laid out, is its own business.
  @Test func untilTheFirstDeployAnAppRunsInItsFolder() async throws {
    let lab = try await LabFixture()
    try Self.edit(lab.temporary, "os.getcwd()")
    Self.die(lab, restarts: 1)
    #expect(Self.says(lab, lab.folder.path))
    // Nothing is needed for that.
    let temporary = lab.temporary
    try lab.down()
    try FileManager.default.removeItem(atPath: lab.folder.release(1))
    try temporary.write("x", to: "large")
    #expect(truncate("\(temporary.path)/large", ReleaseFiles.limitBytes) == 0)
    let again = try await LabFixture(in: temporary)
    #expect(Self.says(again, lab.folder.path))
    #expect(try again.client.send(.status).releases?.current == nil)
  }

  @Test func aProcessThatStartsAnewRunsItsReleaseWhateverIsInTheFolderByThen() async throws {
    let lab = try await LabFixture()
    try Self.edit(lab.temporary, #""new""#)
    let added = try lab.client.send(.addRelease(from: lab.folder.path))
    #expect(added.releases?.taken == 2 && added.releases?.current == 1)
    #expect(try lab.client.send(.addRelease(from: lab.folder.path)).releases?.taken == 2)
    for _ in 0..<2 { try lab.client.send(.runRelease(2, processes: ["app"])) }
    #expect(Self.says(lab, "new"))
    #expect(throws: LabError.rolloutUnderWay(2)) { try lab.client.send(.dropRelease(fault: nil)) }
    for _ in 0..<2 { try lab.client.send(.settleRelease(2)) }
    #expect(try lab.client.send(.status).releases?.current == 2)
    try Self.edit(lab.temporary, of: #""new""#, #""newer""#)
    let restarts = try lab.client.send(.status).processes.first { $0.name == "app" }?.restarts ?? 0
    Self.die(lab, restarts: restarts + 1)
    #expect(lab.get() == "new")
    // And it comes back with it.
    let temporary = lab.temporary
    try lab.down()
    let again = try await LabFixture(in: temporary)
    #expect(Self.says(again, "new"))
    try again.client.send(.runRelease(1, processes: ["app"]))
    #expect(Self.says(again, "2 "))
  }

  @Test func whatIsNewInTheFolderRunsFromTheNextStartOn() async throws {
    let lab = try await LabFixture()
    let temporary = lab.temporary
    try lab.down()
    try Self.edit(temporary, #""new""#)
    let second = try await LabFixture(in: temporary)
    #expect(Self.says(second, "new"))
    #expect(try second.client.send(.status).releases?.current == 2)
    try second.down()
    // What was there before is the release that it was.
    try Self.edit(temporary, of: #""new""#, Self.answer)
    let third = try await LabFixture(in: temporary)
    #expect(Self.says(third, "2 "))
    #expect(try third.client.send(.status).releases?.current == 1)
  }

  @Test func aDeployThatWasCutShortIsTakenBackByTheNextStart() async throws {
    let lab = try await LabFixture()
    try Self.edit(lab.temporary, #""new""#)
    try lab.client.send(.addRelease(from: lab.folder.path))
    try lab.client.send(.runRelease(2, processes: ["app"]))
    #expect(Self.says(lab, "new"))
    let temporary = lab.temporary
    try lab.down()
    let again = try await LabFixture(in: temporary)
    #expect(Self.says(again, "2 "))
    let book = try #require(try again.client.send(.status).releases)
    #expect(book.current == 1 && book.rollout == nil && book.all.map(book.standing) == [.running, .unused])
  }

  @Test func aReleaseThatDoesNotStartGoesBackAndNothingIsLost() async throws {
    let lab = try await LabFixture()
    try Self.edit(lab.temporary, of: "import json", "import sys; sys.exit('not today')\nimport json")
    try lab.client.send(.addRelease(from: lab.folder.path))
    let error = #expect(throws: LabError.self) {
      try lab.client.send(.runRelease(2, processes: ["app"]))
    }
    #expect(error?.code == "not_ready" && error?.description.contains("not today") == true)
    try lab.client.send(.runRelease(1, processes: ["app"]))
    try lab.client.send(.dropRelease(fault: "it does not start"))
    #expect(Self.says(lab, "2 "))
    let book = try #require(try lab.client.send(.status).releases)
    #expect(book.current == 1 && book.all.map(book.standing) == [.running, .bad])
  }

  /// A program may read what only its own folder has.
  @Test func whatDoesNotRunFromACopyGoesOnInItsFolder() async throws {
    let lab = try await LabFixture()
    let check = "import os; assert not os.getcwd().split('/')[-2] == 'releases', 'not here'\nimport json"
    try Self.edit(lab.temporary, of: "import json", check)
    let temporary = lab.temporary
    try lab.down()
    let again = try await LabFixture(in: temporary)
    try Self.edit(temporary, #""new""#)
    try again.client.send(.addRelease(from: again.folder.path))
    #expect(throws: LabError.self) { try again.client.send(.runRelease(3, processes: ["app"])) }
    try again.client.send(.runRelease(2, processes: ["app"]))
    try again.client.send(.dropRelease(fault: "it does not start"))
    // What is in the folder by now.
    #expect(Self.says(again, "new"))
  }

  @Test func whatIsNoReleaseOrNoProcessOfTheAppIsRefused() async throws {
    let lab = try await LabFixture()
    #expect(throws: LabError.unknownRelease(7, known: [1])) {
      try lab.client.send(.runRelease(7, processes: ["app"]))
    }
    #expect(throws: LabError.unknownProcess("dns", known: ["app"])) {
      try lab.client.send(.runRelease(1, processes: ["dns"]))
    }
    try Self.edit(lab.temporary, #""new""#)
    try lab.client.send(.addRelease(from: lab.folder.path))
    let early = #expect(throws: LabError.self) { try lab.client.send(.settleRelease(2)) }
    #expect(early?.code == "release_not_everywhere")
  }
}
