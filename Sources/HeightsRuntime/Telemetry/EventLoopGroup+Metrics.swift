// How busy the loops of a process are, as Prometheus reads it.

extension EventLoopGroup {
  /// Adds how busy the loops have been to `text`: what a loop does in a second, in seconds, is the share of the time in which it did
  /// not wait for something to do.
  public func writeMetrics(to text: inout MetricsText) async throws {
    text.begin(Self.busyMetric, "counter", "Seconds in which an event loop did not wait for something to do.")
    for loop in loops {
      let nanoseconds = try await loop.run { loop.busyNanoseconds }
      text.sample(Self.busyMetric, [("loop", String(loop.index))], Double(nanoseconds) / 1e9)
    }
  }

  private static let busyMetric = "event_loop_busy_seconds_total"
}
