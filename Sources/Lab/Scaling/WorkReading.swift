// How much an instance has worked, from one reading to the next.

/// What an instance has done since it started, read at a moment.
struct WorkReading: Equatable, Sendable {
  /// Since boot.
  let atMs: Int
  let pid: Int32
  /// Loops of the process, or cores that it may use where it tells of no loops: 1 or more.
  let loops: Int
  /// Seconds in which loops did not wait, of all together; 0 of a program that tells of none.
  let busySeconds: Double
  /// Of its process and those that it has started.
  let cpuSeconds: Double
  /// Answers to anybody but who asks whether it is well; 0 of a program that tells none.
  let requests: Double

  /// What came between two readings of a process; nil where it is another one, or no time has passed.
  func since(_ earlier: WorkReading) -> WorkDone? {
    let seconds = Double(atMs - earlier.atMs) / 1_000
    guard pid == earlier.pid, seconds > 0, requests >= earlier.requests else { return nil }
    let worked = max(busySeconds - earlier.busySeconds, cpuSeconds - earlier.cpuSeconds, 0)
    // Both clocks are read a moment apart.
    let utilisation = min(1, worked / (seconds * Double(loops)))
    return WorkDone(
      utilisation: utilisation, busyCores: utilisation * Double(loops),
      requestsPerSecond: (requests - earlier.requests) / seconds)
  }
}

/// What an instance did in a while.
struct WorkDone: Equatable, Sendable {
  /// The larger of two shares, 0 to 1: of the time that its loops did not wait, and of the processors that it may use.
  let utilisation: Double
  /// The same in loops that never wait.
  let busyCores: Double
  let requestsPerSecond: Double
}

extension WorkReading {
  private static let busyMetric = "event_loop_busy_seconds_total"

  /// - Parameters:
  ///   - metrics: what the process tells of itself, in Prometheus' text format.
  ///   - cores: what counts as loops where it tells of none.
  init(atMs: Int, pid: Int32, metrics: [UInt8], cpuSeconds: Double, cores: Int) {
    var (loops, busySeconds, requests) = (0, 0.0, 0.0)
    for line in metrics.split(separator: UInt8(ascii: "\n")) {
      // Most lines are of histograms, and there are many.
      guard line.starts(with: Self.busyMetric.utf8) || line.starts(with: PrometheusSample.answers.utf8) else {
        continue
      }
      guard let sample = PrometheusSample.parse(String(decoding: line, as: UTF8.self)).first else { continue }
      if sample.name == Self.busyMetric {
        loops += 1
        busySeconds += sample.value
      } else if sample.isOfPeople {
        requests += sample.value
      }
    }
    self.init(
      atMs: atMs, pid: pid, loops: max(1, loops > 0 ? loops : cores), busySeconds: busySeconds,
      cpuSeconds: cpuSeconds, requests: requests)
  }
}
