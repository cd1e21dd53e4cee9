// What tests wait with: what hangs is told, and holds up nothing.

import Foundation
import TestSupport
import Testing

@Suite struct InTimeTests {
  /// Whether the issue says what was waited for, and where.
  private func isTold(_ issue: Issue, _ what: String) -> Bool {
    let text = issue.comments.map(\.rawValue).joined()
    return text.contains(what) && text.contains("InTimeTests.swift:")
  }

  private func process(_ words: String...) -> Foundation.Process {
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    return process
  }

  @Test func aSignalThatNeverComesIsTold() {
    withKnownIssue {
      DispatchSemaphore(value: 0).waitInTime(for: "the signal", limitS: 0.01)
    } matching: {
      isTold($0, "the signal")
    }
    let group = DispatchGroup()
    group.enter()
    withKnownIssue {
      group.waitInTime(for: "the group", limitS: 0.01)
    } matching: {
      isTold($0, "the group")
    }
    group.leave()
  }

  @Test func aProcessThatDoesNotEndIsKilledAndTold() throws {
    let silent = process("sleep", "1000")
    try silent.run()
    withKnownIssue {
      silent.waitInTime(limitS: 0.01)
    } matching: {
      isTold($0, "sleep")
    }
    #expect(silent.terminationReason == .uncaughtSignal && silent.terminationStatus == SIGKILL)
    let speaking = process("sh", "-c", "echo one; exec sleep 1000")
    try withKnownIssue {
      _ = try speaking.outputInTime(limitS: 0.5)
    } matching: {
      isTold($0, "sleep")
    }
    #expect(!speaking.isRunning)
  }

  @Test func whatComesInTimeIsNotTold() throws {
    #expect(try process("sh", "-c", "echo one; echo two >&2").outputInTime() == "one\ntwo\n")
    #expect(try process("sh", "-c", "echo one; echo two >&2").outputInTime(errors: false) == "one\n")
    let signal = DispatchSemaphore(value: 0)
    signal.signal()
    signal.waitInTime(for: "the signal")
    DispatchGroup().waitInTime(for: "the group")
  }
}
