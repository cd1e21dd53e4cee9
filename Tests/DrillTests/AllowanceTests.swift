// A drill in which more requests fail than the stage promises is not passed, and the document shows the promises.

import Foundation
import Testing

@testable import Drill

@Suite struct AllowanceTests {
  private func impact(failedAt seconds: [Double]) -> Impact {
    let entries = seconds.map {
      RequestLog.Entry(
        dueNs: UInt64((10 + $0) * 1e9), endedNs: UInt64((10 + $0) * 1e9), isWrite: true, failure: "HTTP 503")
    }
    return Impact(entries, since: 10_000_000_000)
  }

  @Test func whereNothingMayFailOneFailureIsTooMuch() {
    #expect(Allowance.none.permits(impact(failedAt: []), faultSeconds: 1))
    #expect(!Allowance.none.permits(impact(failedAt: [0.1]), faultSeconds: 1))
  }

  @Test func ofThoseUnderWayThereAreAFew() {
    #expect(Allowance.underWay.permits(impact(failedAt: Array(repeating: 0, count: 8)), faultSeconds: 1))
    #expect(!Allowance.underWay.permits(impact(failedAt: Array(repeating: 0, count: 9)), faultSeconds: 1))
  }

  @Test func whatWasSentInTimeMayFailLateAndWhatWasSentLaterMayNot() {
    func permits(dueAt seconds: Double) -> Bool {
      let entry = RequestLog.Entry(
        dueNs: UInt64((10 + seconds) * 1e9), endedNs: 40_000_000_000, isWrite: false, failure: "timeout")
      return Allowance.sent(seconds: 3).permits(Impact([entry], since: 10_000_000_000), faultSeconds: 15)
    }
    #expect(permits(dueAt: -1) && permits(dueAt: 2.9))
    #expect(!permits(dueAt: 3.1))
  }

  @Test func whatMayFailForSomeSecondsMustNotFailLater() {
    #expect(Allowance.seconds(10).permits(impact(failedAt: [1, 9.9]), faultSeconds: 15))
    #expect(!Allowance.seconds(10).permits(impact(failedAt: [1, 10.1]), faultSeconds: 15))
    #expect(Allowance.whileBroken(plusSeconds: 3).permits(impact(failedAt: [17]), faultSeconds: 15))
    #expect(!Allowance.whileBroken(plusSeconds: 3).permits(impact(failedAt: [18.1]), faultSeconds: 15))
  }

  @Test func readsNeverFailInAHungHostWhereAnotherServerLives() {
    for stage in 4...7 { #expect(DrillKind.hungHost.allowances(atStage: stage).reads == .none) }
  }

  @Test func theDocumentShowsTheTable() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/drills.md")
    #expect(try String(contentsOf: path, encoding: .utf8).contains(DrillKind.allowanceTable))
  }
}
