// What was asked of S3, for `/metrics`.

import Synchronization

/// What was asked of S3, counted by all threads.
final class S3Metrics: Sendable {
  let answered = Atomic<Int>(0)
  let failed = Atomic<Int>(0)
  /// Not sent, since S3 fails.
  let skipped = Atomic<Int>(0)
  let microseconds = Atomic<Int>(0)
}

extension MetricsText {
  /// What was asked of the bucket, and how it answered.
  package mutating func s3(_ bucket: S3Bucket) {
    func count(_ counter: borrowing Atomic<Int>) -> Double { Double(counter.load(ordering: .relaxed)) }
    let metrics = bucket.metrics
    metric(
      "object_store_breaker_state", "gauge", "0: closed, 1: half-open, 2: open, nothing waits for S3.",
      bucket.breakerState.number)
    begin("object_store_requests_total", "counter", "Requests to S3, repeated ones too.")
    sample("object_store_requests_total", [("result", "answered")], count(metrics.answered))
    sample("object_store_requests_total", [("result", "failed")], count(metrics.failed))
    sample("object_store_requests_total", [("result", "skipped")], count(metrics.skipped))
    metric(
      "object_store_seconds_total", "counter", "Time that requests to S3 took.",
      count(metrics.microseconds) / 1e6)
  }
}
