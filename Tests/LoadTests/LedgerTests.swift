// The ledger holds what was acknowledged, survives being torn, and lets the last state win.

import Foundation
import Testing

@testable import Load

@Suite struct LedgerTests {
  private let pair = Pair(subject: "a", object: "b")

  @Test func recordsComeBackAsTheyWereWritten() async throws {
    let odd = "quote \" backslash \\ line \n tab \t nul \0 über 🏔️"
    let records: [LedgerRecord] = [
      .run(target: "http://127.0.0.1:1", seed: .max), .account(name: odd),
      .run(target: "t", seed: 1, announces: false), .postBegun(key: "k", author: "a", textHash: "f"),
      .postRefused(key: "k", status: 503), .followBegun(pair), .followRefused(pair, status: 429),
      .likeBegun(pair), .likeRefused(pair, status: 503), .post(id: "1", author: "a", textHash: "f"),
      .follow(pair), .unfollowBegun(pair), .unfollow(pair), .like(pair), .unlikeBegun(pair), .unlike(pair),
      .waitlist(email: "a@example.com"), .photo(key: "k.gif", bytesHash: "f"),
    ]
    for record in records {
      #expect(!record.line.contains("\n"))
      #expect(try JSONDecoder().decode(LedgerRecord.self, from: Data(record.line.utf8)) == record)
    }
  }

  @Test func theLastStateWins() {
    var ledger = Ledger()
    for record in [LedgerRecord.follow(pair), .like(pair)] { ledger.apply(record) }
    #expect(ledger.follows == [pair: .stands] && ledger.likes == [pair: .stands])
    for record in [LedgerRecord.unfollowBegun(pair), .unlikeBegun(pair)] { ledger.apply(record) }
    #expect(ledger.follows == [pair: .inDoubt] && ledger.likes == [pair: .inDoubt])
    #expect(ledger.checks.isEmpty && ledger.inDoubtCount == 2)
    ledger.apply(.unfollow(pair))
    #expect(ledger.follows == [pair: .undone] && ledger.checks.map(\.name) == ["unfollow of b by a"])
  }

  @Test func aTornLastLineIsNotCountedWhereverItIsTorn() async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/ledger"
      let first = LedgerRecord.account(name: "first").line + "\n"
      let second = LedgerRecord.account(name: "second").line + "\n"
      for kept in 0..<second.utf8.count {
        try Data((first + second.utf8.prefix(kept).text).utf8).write(to: URL(filePath: path))
        #expect(try Ledger.read(path: path).accounts == ["first"])
        let writer = try LedgerWriter(path: path)
        writer.append(.account(name: "third"))
        try writer.close()
        #expect(try Ledger.read(path: path).accounts == ["first", "third"])
      }
    }
  }

  @Test func aBrokenLineInTheMiddleIsToldWithItsNumber() async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/ledger"
      let good = LedgerRecord.account(name: "a").line
      for bad in ["{}", "nonsense", "", #"{"kind":"what"}"#, #"{"kind":"account"}"#] {
        try Data("\(good)\n\(bad)\n\(good)\n".utf8).write(to: URL(filePath: path))
        #expect(throws: LoadError.ledgerLine(path: path, line: 2, reason: "not a record")) {
          try Ledger.read(path: path)
        }
      }
      #expect(throws: LoadError.self) { try Ledger.read(path: folder + "/none") }
    }
  }

  @Test func nothingIsInTheFileBeforeAFlushAndEverythingAfter() async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/ledger"
      let writer = try LedgerWriter(path: path)
      writer.append(.run(target: "t", seed: 1))
      writer.append(.account(name: "a"))
      writer.append(.unfollowBegun(pair))
      #expect(try Ledger.read(path: path) == Ledger())
      try writer.flush()
      #expect(try Ledger.read(path: path).accounts == ["a"])
      #expect(writer.acknowledgedWrites == 1)
      try writer.close()
    }
  }

  @Test func twoRunsDoNotWriteToOneLedger() async throws {
    try await withTemporaryFolder { folder in
      let first = try LedgerWriter(path: folder + "/ledger")
      #expect(throws: LoadError.self) { try LedgerWriter(path: folder + "/ledger") }
      try first.close()
      try LedgerWriter(path: folder + "/ledger").close()
      #expect(throws: LoadError.self) { try LedgerWriter(path: folder + "/none/ledger") }
    }
  }

  @Test func aFullDiskIsAnError() throws {
    let writer = try LedgerWriter(path: "/dev/full")
    writer.append(.account(name: "a"))
    #expect(throws: LoadError.self) { try writer.flush() }
  }
}

extension Sequence<UInt8> {
  fileprivate var text: String { String(decoding: Array(self), as: UTF8.self) }
}
