// Takes the traces that are kept from all loops, and writes or sends them beside the app's own work.

import Contract
import Policies
import Synchronization

/// What is kept waits here for its turn, once a second. It is bounded: what comes while a collector is away, or faster than it can be
/// written, is dropped and counted. No loop waits for it, and none puts a trace into words.
final class TraceExporter: TraceSink {
  static let waitingLimit = 1_024
  private static let everyMs = 1_000
  /// From how many spans on a line or a message is full: some hundred kilobytes.
  private static let spansTogether = 512
  private static let sendMs = 2_000
  private static let tries = 3
  private static let pauses = BackOff(firstMs: 500, limitMs: 5_000)
  /// What a collector answers that may take the same later (OTLP 1.x, "Retryable Response Codes").
  private static let passing: Set<Int> = [429, 502, 503, 504]

  private struct State {
    var waiting: [RequestTrace] = []
    /// Until when what waits may be exported, once it is to end.
    var closesBy: Deadline?
    var work: Task<Void, Never>?
    var hasFailed = false
  }

  private let settings: TraceSettings
  private let loop: EventLoop
  private let pool: BlockingPool
  private let client: HTTPClient?
  private let state = Mutex(State())
  /// Of the task that exports. It and whoever ends its rest are on the loop.
  private nonisolated(unsafe) let pause: Pause
  private let exported = Atomic<Int>(0)
  private let dropped = Atomic<Int>(0)

  /// - Throws: `EnvironmentError` when the collector's name has no address; `SystemError`.
  init(_ settings: TraceSettings, on loop: EventLoop) throws {
    (self.settings, self.loop) = (settings, loop)
    pause = Pause(on: loop)
    pool = try BlockingPool(name: "traces", threads: 1, queueLimit: 1)
    client = try settings.endpoint.map { endpoint in
      do {
        return HTTPClient(
          try Endpoint.http(endpoint.origin), on: loop,
          HTTPClient.Settings(
            userAgent: "heights", connections: 1, waiting: 1, bodyBytes: 64 << 10,
            idleMs: KeepAlive.callerMs))
      } catch {
        throw EnvironmentError(
          description: "\(endpoint.origin), which traces are to be sent to, is not found: \(error)")
      }
    }
  }

  func start() {
    let file = settings.file.map { FileBox(TraceFile($0)) }
    let work = Task.detached(executorPreference: loop) { [self] in
      while closesBy == nil {
        await pause.rest(ms: Self.everyMs)
        await export(to: file)
      }
      // What came while it was at that.
      await export(to: file)
    }
    state.withLock { $0.work = work }
  }

  /// Exports what waits, for which a collector has two seconds.
  func close() async {
    let work = state.withLock { state in
      state.closesBy = .afterMs(Self.sendMs)
      return state.work
    }
    loop.onLoop { [self] in pause.end() }
    await work?.value
    await client?.close()
    pool.close()
  }

  private var closesBy: Deadline? { state.withLock { $0.closesBy } }

  // MARK: What comes in

  func take(_ trace: RequestTrace) {
    let isTaken = state.withLock { state in
      guard state.waiting.count < Self.waitingLimit, state.closesBy == nil else { return false }
      state.waiting.append(trace)
      return true
    }
    if !isTaken { drop(1) }
  }

  func drop(_ count: Int) { dropped.add(count, ordering: .relaxed) }

  func writeMetrics(to text: inout MetricsText) {
    text.metric(
      "traces_exported_total", "counter", "Traces that were written or sent.",
      Double(exported.load(ordering: .relaxed)))
    text.metric(
      "traces_dropped_total", "counter", "Traces that were to be kept, and were too many or could not be.",
      Double(dropped.load(ordering: .relaxed)))
  }

  // MARK: What goes out

  private func export(to file: FileBox?) async {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for traces in Self.parts(of: waiting) { await export(traces, to: file) }
  }

  /// In the order in which they came, as many together as there is room for.
  static func parts(of traces: [RequestTrace]) -> [ArraySlice<RequestTrace>] {
    var (parts, first, spans): ([ArraySlice<RequestTrace>], Int, Int) = ([], 0, 0)
    for (index, trace) in traces.enumerated() {
      spans += 1 + trace.spans.count
      guard spans >= spansTogether else { continue }
      parts.append(traces[first...index])
      (first, spans) = (index + 1, 0)
    }
    return first < traces.count ? parts + [traces[first...]] : parts
  }

  private func export(_ traces: ArraySlice<RequestTrace>, to file: FileBox?) async {
    if closesBy?.hasPassed ?? false { return drop(traces.count) }
    do {
      let bytes = try await pool.run { [resource = settings.resource] in
        let bytes = try JSON.encode(TracesData(Array(traces), of: resource), capacity: 64 << 10)
        try file?.append(bytes)
        return bytes
      }
      try await send(bytes)
      exported.add(traces.count, ordering: .relaxed)
      note(nil)
    } catch {
      drop(traces.count)
      note("\(error)")
    }
  }

  private func send(_ bytes: [UInt8]) async throws {
    guard let client, let endpoint = settings.endpoint else { return }
    let request = ClientRequest(
      "POST", endpoint.path, body: .init(mediaType: "application/json", bytes: bytes), mayRetry: false)
    for attempt in 1... {
      let answer = await client.deliver(request, by: closesBy ?? .afterMs(Self.sendMs)).result
      switch answer {
      case .success(let answer) where answer.isSuccess: return
      case .success(let answer) where !Self.passing.contains(answer.status):
        throw ExportFailed(description: "\(endpoint.origin) answered \(answer.status)")
      case .success, .failure:
        if attempt < Self.tries, closesBy == nil {
          try await loop.sleep(ms: Self.pauses.ms(afterFailures: attempt))
          continue
        }
        let reason = (try? answer.get().status).map { "answered \($0)" } ?? "did not answer"
        throw ExportFailed(description: "\(endpoint.origin) \(reason)")
      }
    }
  }

  /// Tells once that it does not work, and once that it does again.
  private func note(_ failure: String?) {
    let isNews = state.withLock { state in
      defer { state.hasFailed = failure != nil }
      return state.hasFailed != (failure != nil)
    }
    guard isNews else { return }
    if let failure {
      Log.warning("traces are lost", [("why", failure)])
    } else {
      Log.info("traces are kept again")
    }
  }
}

/// `@unchecked Sendable` is sound: the pool that uses it has one thread.
private final class FileBox: @unchecked Sendable {
  private let file: TraceFile

  init(_ file: TraceFile) { self.file = file }

  func append(_ line: [UInt8]) throws { try file.append(line) }
}

/// Why a collector has not taken traces.
private struct ExportFailed: Error, CustomStringConvertible {
  let description: String
}
