// A drill is passed when nothing at all is wrong.

import History
import Testing

@testable import Drill

@Suite struct DrillReportTests {
  private func report(
    missing: Int = 0, unexpected: Int = 0, lost: Int = 0, letIn: Int = 0, recoverySeconds: Double? = 1,
    writes: [RequestLog.Entry] = [], bystanders: [RequestLog.Entry]? = nil, aheadSeconds: Double = -1
  ) -> DrillReport {
    DrillReport(
      drill: .switchover, stage: 4, target: "t", proof: "p", faultSeconds: 1, reads: Impact([], since: 0),
      writes: Impact(writes, since: 0),
      bystanders: bystanders.map { Bystanders($0, since: 0, seconds: 1) },
      availability: MeasuredAvailability([], since: 0, target: 0.999),
      allowed: DrillKind.switchover.allowances(atStage: 4), errors: [:],
      recoverySeconds: recoverySeconds, acknowledgedWrites: 9, missingWrites: missing,
      unexpectedRows: unexpected,
      readFrom: "r", history: HistoryChecker.check([]), sessions: 9, lostSessions: lost, endedSessions: 9,
      letInSessions: letIn, identifiersAheadSeconds: aheadSeconds, examples: [])
  }

  @Test func whatIsWrongInAnyWayIsNotPassed() {
    #expect(report().isPassed)
    #expect(!report(missing: 1).isPassed && !report(unexpected: 1).isPassed && !report(lost: 1).isPassed)
    #expect(!report(letIn: 1).isPassed, "somebody was let in by a session that was over")
    #expect(!report(recoverySeconds: nil).isPassed)
    #expect(report(aheadSeconds: 30).isPassed && !report(aheadSeconds: 3_600).isPassed)
    let failure = RequestLog.Entry(dueNs: 1, endedNs: 2, isWrite: true, failure: "HTTP 503")
    #expect(!report(writes: [failure]).isPassed)
    #expect(!report(bystanders: [failure]).isPassed && report(bystanders: []).isPassed)
  }
}
