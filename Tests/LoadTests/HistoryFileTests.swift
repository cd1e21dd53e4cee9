// A run writes down what it asked and was answered; the file comes back as it was, and a torn end is left out.

import Foundation
import History
import TestSupport
import Testing
import Workload

@testable import Load

@Suite struct HistoryFileTests {
  @Test func whatARunWasAnsweredFitsTogether() async throws {
    let summit = PretendSummit()
    let server = try TestServer { summit.serve($0) }
    defer { server.stop() }
    try await withTemporaryFolder { folder in
      let options = LoadOptions(
        target: server.target, ratePerSecond: 300, durationSeconds: 1, users: 5,
        ledgerPath: folder + "/ledger",
        historyPath: folder + "/history",
        workload: try Workload([.readPost: 3, .post: 2, .follow: 4, .like: 4], popularityExponent: 1), seed: 7
      )
      let report = try await LoadRun(options).run()
      #expect(report.failed == 0 && (report.actions["readTie"]?.succeeded ?? 0) > 0)
      let history = try HistoryFile.read(folder + "/history")
      let verdict = HistoryChecker.check(history)
      #expect(verdict.isGood, "\(String(describing: verdict.smallest))")
      for prefix in ["post:", "like:", "follow:", "likes:"] {
        #expect(history.contains { $0.key.hasPrefix(prefix) }, "no operation on \(prefix)")
      }
      #expect(history.contains { $0.from == .session } && history.contains { $0.from == .leader })
    }
  }

  @Test func anAppThatForgetsALikeIsFoundOut() async throws {
    let summit = PretendSummit()
    let server = try TestServer { summit.serve($0) }
    defer { server.stop() }
    try await withTemporaryFolder { folder in
      let options = LoadOptions(
        target: server.target, ratePerSecond: 300, durationSeconds: 1, users: 1,
        ledgerPath: folder + "/ledger",
        historyPath: folder + "/history",
        workload: try Workload([.post: 1, .like: 4], popularityExponent: 0), seed: 7)
      let stop = Task {
        // The likes are gone again and again, whatever the app has acknowledged.
        while !Task.isCancelled {
          summit.state.withLock { $0.likes = [] }
          try await Task.sleep(for: .milliseconds(1))
        }
      }
      _ = try await LoadRun(options).run()
      stop.cancel()
      let verdict = HistoryChecker.check(try HistoryFile.read(folder + "/history"))
      #expect(verdict.contradictions.contains { $0.promise == .readYourWrites })
    }
  }

  @Test func aTornEndIsLeftOutAndABrokenLineIsTold() async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/history"
      let writer = try HistoryWriter(path: path)
      writer.add("a", .write, "x", .ok, Span(beginNs: 1, endNs: 2), value: "1")
      writer.add("b", .read, "x", .ok, Span(beginNs: 3, endNs: 4), value: "1", from: .session)
      try writer.flush()
      let operations = try HistoryFile.read(path)
      #expect(operations.map(\.id) == [0, 1] && operations[1].from == .session)
      let whole = try Data(contentsOf: URL(filePath: path))
      try (whole + Data("{\"id\":2".utf8)).write(to: URL(filePath: path))
      #expect(try HistoryFile.read(path) == operations)
      try (whole + whole).write(to: URL(filePath: path))
      #expect(throws: LoadError.self, "numbers that come twice") { try HistoryFile.read(path) }
      #expect(throws: LoadError.self) { try HistoryFile.read(folder + "/none") }
      let later = try HistoryWriter(path: folder + "/other", continuing: 5)
      later.add("a", .read, "x", .ok, Span(beginNs: 1, endNs: 2), from: .leader)
      try later.flush()
      #expect(try HistoryFile.read(folder + "/other").map(\.id) == [6])
    }
  }
}
