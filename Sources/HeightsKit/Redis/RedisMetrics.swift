// What a process has asked of Redis, counted by all loops.

import Policies
import Synchronization

final class RedisMetrics: Sendable {
  let commands = Atomic<Int>(0)
  let microseconds = Atomic<Int>(0)
  let timeouts = Atomic<Int>(0)
  let losses = Atomic<Int>(0)
  let refusals = Atomic<Int>(0)
  /// Commands that were not sent, since Redis is away.
  let skipped = Atomic<Int>(0)
  let connections = Atomic<Int>(0)

  func count(_ error: RedisError) {
    switch error {
    case .timeout: timeouts.add(1, ordering: .relaxed)
    case .away: losses.add(1, ordering: .relaxed)
    case .refused, .tooMany: refusals.add(1, ordering: .relaxed)
    }
  }
}

extension MetricsText {
  mutating func redis(_ metrics: RedisMetrics, breaker: CircuitBreaker) {
    func count(_ counter: borrowing Atomic<Int>) -> Double { Double(counter.load(ordering: .relaxed)) }
    metric(
      "redis_breaker_state", "gauge", "0: closed, 1: half-open, 2: open, nothing waits for Redis.",
      breaker.number)
    metric(
      "redis_breaker_openings_total", "counter", "How often the breaker has opened.",
      Double(breaker.openings))
    metric("redis_commands_total", "counter", "Commands sent.", count(metrics.commands))
    metric(
      "redis_command_seconds_total", "counter", "Time until commands were answered or given up.",
      count(metrics.microseconds) / 1e6)
    begin("redis_errors_total", "counter", "Commands without the answer that was asked for.")
    sample("redis_errors_total", [("kind", "timeout")], count(metrics.timeouts))
    sample("redis_errors_total", [("kind", "lost")], count(metrics.losses))
    sample("redis_errors_total", [("kind", "refused")], count(metrics.refusals))
    metric(
      "redis_commands_skipped_total", "counter", "Commands that were not sent, since Redis is away.",
      count(metrics.skipped))
    metric("redis_connects_total", "counter", "Connections begun.", count(metrics.connections))
  }
}
