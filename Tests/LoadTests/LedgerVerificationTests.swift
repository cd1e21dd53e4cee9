// Verification finds each acknowledged write that is gone, changed or back again, and nothing else.

import TestSupport
import Testing

@testable import Load

@Suite struct LedgerVerificationTests {
  private static let pair = Pair(subject: "ann", object: "ben")
  private static let like = Pair(subject: "ann", object: "7")
  private static let records: [LedgerRecord] = [
    .account(name: "ann"), .account(name: "ben"),
    .post(id: "7", author: "ben", textHash: PostText.hash("hello \"you\"")),
    .follow(pair), .like(like), .photo(key: "k.gif", bytesHash: Checksum.of([1, 0xff])),
  ]

  @Test func aCompleteLedgerIsFound() async throws {
    let verdict = try await verify(Self.records) { _ in }
    #expect(verdict.isComplete && verdict.acknowledged == 6 && verdict.found == 6)
    #expect(verdict.byKind == ["accounts": 2, "posts": 1, "follows": 1, "likes": 1, "photos": 1])
  }

  @Test func whatIsGoneIsMissingAndNamed() async throws {
    #expect(try await missing { $0.accounts.remove("ben") } == ["account ben: not found"])
    #expect(try await missing { $0.posts["7"] = nil } == ["post 7 by ben: not found"])
    #expect(try await missing { $0.posts["7"] = "hello" } == ["post 7 by ben: its text has changed"])
    #expect(try await missing { $0.follows = [] } == ["follow of ben by ann: not found"])
    #expect(try await missing { $0.likes = [] } == ["like of post 7 by ann: not found"])
    #expect(try await missing { $0.photos = [:] } == ["photo k.gif: not found"])
    #expect(try await missing { $0.photos["k.gif"] = [1] } == ["photo k.gif: its bytes have changed"])
  }

  @Test func anAcknowledgedUndoIsAWriteToo() async throws {
    let undone = Self.records + [.unfollowBegun(Self.pair), .unfollow(Self.pair)]
    #expect(try await verify(undone) { $0.follows = [] }.isComplete)
    #expect(try await verify(undone) { _ in }.examples == ["unfollow of ben by ann: still there"])
  }

  @Test func anUndoWithoutAnAnswerMayBeEitherWay() async throws {
    let doubtful = Self.records + [.unlikeBegun(Self.like)]
    for likes in [Set([Self.like]), []] {
      let verdict = try await verify(doubtful) { $0.likes = likes }
      #expect(verdict.isComplete && verdict.inDoubt == 1 && verdict.acknowledged == 5)
    }
  }

  @Test func anUndoThatBeginsWhileTheAppIsAskedIsNotCalledMissing() async throws {
    for begun in [LedgerRecord.unfollowBegun(Self.pair), .unlikeBegun(Self.like)] {
      try await withTemporaryFolder { folder in
        let path = folder + "/ledger"
        try write(Self.records, to: path)
        let summit = PretendSummit()
        summit.state.withLock {
          $0.accounts = ["ann", "ben"]
          $0.posts = ["7": "hello \"you\""]
          $0.photos = ["k.gif": [1, 0xff]]
        }
        let server = try TestServer { request in
          // Written when the verification has read the ledger, since it asks now.
          try? write([begun], to: path)
          return summit.serve(request)
        }
        defer { server.stop() }
        let verdict = try await LedgerVerification(target: server.target, ledgerPath: path).run()
        #expect(verdict.missing == 1 && verdict.inDoubt == 1, "the other one is missing")
      }
    }
  }

  @Test func aBusyAppIsAskedAgainAndABrokenOneIsNotCalledMissing() async throws {
    #expect(try await verify(Self.records) { $0.faults["GET /api/posts/7"] = [503, 500] }.isComplete)
    let verdict = try await verify([.account(name: "ann")]) {
      $0.faults["GET /api/accounts"] = Array(repeating: 500, count: 100)
    }
    #expect(verdict.missing == 0 && verdict.unreadable == 1 && !verdict.isComplete)
    #expect(verdict.examples == ["account ann: can't be read (HTTP 500)"])
  }

  @Test func manyRecordsAreAllAsked() async throws {
    let names = (0..<300).map { "name\($0)" }
    let verdict = try await verify(names.map { .account(name: $0) }) { $0.accounts = Set(names.dropLast(20)) }
    #expect(verdict.acknowledged == 300 && verdict.missing == 20 && verdict.examples.count == 10)
  }

  @Test func anAppThatIsAwayIsAnError() async throws {
    try await withTemporaryFolder { folder in
      try write(Self.records, to: folder + "/ledger")
      await #expect(throws: LoadError.self) {
        try await LedgerVerification(target: "http://127.0.0.1:1", ledgerPath: folder + "/ledger").run()
      }
    }
  }

  private func missing(_ change: (inout PretendSummit.State) -> Void) async throws -> [String] {
    let verdict = try await verify(Self.records, change)
    #expect(verdict.missing == 1 && verdict.found == 5 && !verdict.isComplete)
    return verdict.examples
  }

  private func verify(
    _ records: [LedgerRecord], _ change: (inout PretendSummit.State) -> Void
  ) async throws -> VerificationReport {
    let summit = PretendSummit()
    summit.state.withLock { state in
      state.accounts = ["ann", "ben"]
      state.posts = ["7": "hello \"you\""]
      state.follows = [Self.pair]
      state.likes = [Self.like]
      state.photos = ["k.gif": [1, 0xff]]
      change(&state)
    }
    let server = try TestServer { summit.serve($0) }
    defer { server.stop() }
    return try await withTemporaryFolder { folder in
      try write(records, to: folder + "/ledger")
      return try await LedgerVerification(target: server.target, ledgerPath: folder + "/ledger").run()
    }
  }

  private func write(_ records: [LedgerRecord], to path: String) throws {
    let writer = try LedgerWriter(path: path)
    for record in records { writer.append(record) }
    try writer.close()
  }
}
