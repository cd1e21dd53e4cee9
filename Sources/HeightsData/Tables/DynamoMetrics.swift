// What was asked of a table, for `/metrics`.

import Synchronization

/// What was asked of DynamoDB, counted by all loops.
final class DynamoMetrics: Sendable {
  let answered = Atomic<Int>(0)
  let failed = Atomic<Int>(0)
  /// Answered with the wish to be asked later.
  let throttled = Atomic<Int>(0)
  /// Not sent, since it fails.
  let skipped = Atomic<Int>(0)
  let microseconds = Atomic<Int>(0)
}

extension MetricsText {
  /// What was asked of the table, and how it answered.
  package mutating func table(_ table: DynamoTable) async {
    func count(_ counter: borrowing Atomic<Int>) -> Double { Double(counter.load(ordering: .relaxed)) }
    let metrics = table.metrics
    metric(
      "table_breaker_state", "gauge",
      "0: closed, 1: half-open, 2: open on a loop, nothing waits for DynamoDB.",
      await table.breakerNumber)
    begin("table_requests_total", "counter", "Requests to DynamoDB, repeated ones too.")
    sample("table_requests_total", [("result", "answered")], count(metrics.answered))
    sample("table_requests_total", [("result", "failed")], count(metrics.failed))
    sample("table_requests_total", [("result", "skipped")], count(metrics.skipped))
    metric(
      "table_throttled_total", "counter", "Answers of DynamoDB that ask to wait.", count(metrics.throttled))
    metric(
      "table_seconds_total", "counter", "Time that requests to DynamoDB took.",
      count(metrics.microseconds) / 1e6)
  }
}
