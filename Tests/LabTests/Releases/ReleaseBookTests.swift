// Which release a process runs, which are kept, and what is gone back to.

import Foundation
import Testing

@testable import Lab

@Suite struct ReleaseBookTests {
  private static func release(_ number: Int) -> LabRelease {
    LabRelease(
      number: number, madeAtMs: number, origin: "/app", fingerprint: "f\(number)",
      runs: ReleaseRuns(
        all: ["run", "-a"], services: ["web": ["run", "-a"], "posts": ["posts", "-p"]],
        workers: ["m": ["mail"]]))
  }

  private static func part(_ name: String, _ kind: Manifest.Part.Kind = .service) -> Manifest.Part {
    Manifest.Part(kind: kind, name: name, run: ["new"])
  }

  @Test func aReleaseSaysWithWhatEachPartIsStarted() {
    let runs = Self.release(1).runs
    #expect(runs[nil] == ["run", "-a"], "where one process is all of the app")
    #expect(runs[Self.part("web")] == ["run", "-a"])
    #expect(runs[Self.part("posts")] == ["posts", "-p"])
    #expect(runs[Self.part("m", .worker)] == ["mail"])
    #expect(runs[Self.part("graph")] == nil && runs[Self.part("posts", .worker)] == nil)
    #expect(runs.words == ["run", "-a", "m", "mail", "posts", "posts", "-p"])
  }

  /// All services were one program.
  @Test func aReleaseOfAnEarlierVersionIsReadAndItsProgramIsEveryService() throws {
    let text = """
      {"arguments": ["-a"], "fingerprint": "f1", "hasServed": true, "isRemoved": false, "madeAtMs": 1, "number": 1,
        "origin": "/app", "program": "run", "workers": {"mail": ["mail", "-m"]}}
      """
    let release = try JSONDecoder().decode(LabRelease.self, from: Data(text.utf8))
    for part in [nil, Self.part("web"), Self.part("posts")] {
      #expect(release.runs[part] == ["run", "-a"], "\(part?.name ?? "all")")
    }
    #expect(release.runs[Self.part("mail", .worker)] == ["mail", "-m"])
    #expect(release.runs[Self.part("other", .worker)] == nil)
    #expect(release.runs.words == ["run", "-a", "mail", "mail", "-m"], "as it was made of")
    let again = try JSONDecoder().decode(LabRelease.self, from: try JSONEncoder().encode(release))
    #expect(again == release)
  }

  /// All have served, one after the other.
  private static func book(_ count: Int) -> ReleaseBook {
    var book = ReleaseBook()
    for number in 0..<count {
      book.add(release(number + 1))
      book.settle(number + 1)
    }
    return book
  }

  @Test func aProcessRunsWhatIsOnItsWayOnceItHasComeToIt() {
    var book = Self.book(1)
    book.add(Self.release(2))
    book.assign(2, to: ["a"])
    #expect(book.number(of: "a") == 2 && book.number(of: "b") == 1)
    #expect(book.all.map(book.standing) == [.running, .canary])
    book.assign(2, to: ["a", "b"])
    #expect(book.rollout?.processes == ["a", "b"])
    book.assign(1, to: ["a"])
    #expect(book.number(of: "a") == 1 && book.rollout?.processes == ["b"])
    book.settle(2)
    #expect(book.rollout == nil && book.number(of: "c") == 2)
    #expect(book.all.map(book.standing) == [.replaced, .running])
  }

  @Test func whatWasTakenBackIsBadAndWhatWasCutShortIsNot() {
    var book = Self.book(1)
    for number in [2, 3] { book.add(Self.release(number)) }
    book.assign(2, to: ["a"])
    book.drop(fault: "it failed")
    book.assign(3, to: ["a"])
    book.drop(fault: nil)
    #expect(book.all.map(book.standing) == [.running, .bad, .unused])
    #expect(book[2]?.fault == "it failed")
    // Tried once more, it does well.
    book.settle(2)
    #expect(book.standing(of: book[2]!) == .running && book[2]?.fault == nil)
  }

  @Test func theNewestFiveAreKeptAndThoseThatRun() {
    var book = Self.book(7)
    #expect(book.surplus.map(\.number) == [1, 2])
    book.settle(1)
    #expect(book.surplus.map(\.number) == [2])
    book.assign(2, to: ["a"])
    #expect(book.surplus.isEmpty)
    book.drop(fault: nil)
    book.noteRemoval(of: 2)
    #expect(book.surplus.isEmpty && book.known("f2") == nil && book.known("f3")?.number == 3)
  }

  @Test func theWayBackLeadsPastWhatWasBadOrIsGone() {
    var book = Self.book(3)
    #expect(book.earlier?.number == 2)
    book.noteRemoval(of: 2)
    #expect(book.earlier?.number == 1)
    book.settle(1)
    #expect(book.earlier == nil)
    #expect(ReleaseBook().earlier == nil)
  }

  @Test func onlyTheLastAreRemembered() {
    let book = Self.book(ReleaseBook.rememberedCount + 3)
    #expect(book.all.count == ReleaseBook.rememberedCount && book.all.first?.number == 4)
    #expect(book.nextNumber == ReleaseBook.rememberedCount + 4)
  }

  @Test func itIsReadAsItWasWritten() throws {
    var state = LabState()
    state.releases = Self.book(2)
    state.releases.add(Self.release(3))
    state.releases.assign(3, to: ["a"])
    let read = try JSONDecoder().decode(LabState.self, from: try JSONEncoder().encode(state))
    #expect(read.releases == state.releases)
  }
}
