// Takes the traces that are kept from all loops, and writes or sends them beside the app's own work.

import Contract

/// Hands what is kept to a file, a collector or both. No loop waits for it, and none puts a trace into words.
final class TraceExporter: TraceSink {
  private let pool: BlockingPool
  private let closing: TraceClosing
  private let collector: TraceCollector?
  private let outlets: [TraceOutlet]

  /// - Throws: `SystemError`.
  init(_ settings: TraceSettings, on loop: EventLoop) throws {
    // Each outlet has one piece of work at a time.
    let pool = try BlockingPool(name: "traces", threads: 1, queueLimit: 2)
    let (closing, resource) = (TraceClosing(), settings.resource)
    let collector = settings.endpoint.map { TraceCollector($0, on: loop) }
    var outlets: [TraceOutlet] = []
    if let path = settings.file {
      let file = FileBox(TraceFile(path))
      outlets.append(
        TraceOutlet("file", on: loop, closing) { traces in
          try await pool.run {
            try file.append(try JSON.encode(TracesData(traces, of: resource), capacity: 64 << 10))
          }
        })
    }
    if let collector {
      outlets.append(
        TraceOutlet("collector", on: loop, closing) { traces in
          if closing.deadline?.hasPassed ?? false { throw TracesLost(description: "the process ends") }
          let bytes = try await pool.run {
            try JSON.encode(TracesData(traces, of: resource).withoutKnownPaths, capacity: 64 << 10)
          }
          try await collector.send(bytes, closing)
        })
    }
    (self.pool, self.closing, self.collector, self.outlets) = (pool, closing, collector, outlets)
  }

  func start() {
    for outlet in outlets { outlet.start() }
  }

  /// Exports what waits, for which a collector has two seconds.
  func close() async {
    closing.begin(.afterMs(TraceCollector.sendMs))
    for outlet in outlets { outlet.wake() }
    for outlet in outlets { await outlet.end() }
    await collector?.close()
    pool.close()
  }

  func take(_ trace: RequestTrace) {
    for outlet in outlets { outlet.take(trace) }
  }

  func drop(_ count: Int) {
    for outlet in outlets { outlet.drop(count) }
  }

  func writeMetrics(to text: inout MetricsText) {
    text.begin("traces_exported_total", "counter", "Traces that were written or sent.")
    for outlet in outlets {
      text.sample("traces_exported_total", [("to", outlet.name)], Double(outlet.exportedCount))
    }
    text.begin(
      "traces_dropped_total", "counter", "Traces that were to be kept, and were too many or could not be.")
    for outlet in outlets {
      text.sample("traces_dropped_total", [("to", outlet.name)], Double(outlet.droppedCount))
    }
  }
}

/// `@unchecked Sendable` is sound: the pool that uses it has one thread.
private final class FileBox: @unchecked Sendable {
  private let file: TraceFile

  init(_ file: TraceFile) { self.file = file }

  func append(_ line: [UInt8]) throws { try file.append(line) }
}
