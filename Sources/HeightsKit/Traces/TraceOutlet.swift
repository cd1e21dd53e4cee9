// One of the places that traces go to, and what waits for it.

import Synchronization

/// What is kept waits here for its turn, once a second. It is bounded: what comes while a collector is away, or faster than it
/// can be written, is dropped and counted.
///
/// A file and a collector have one each, so that the file does not wait for a collector that hangs.
final class TraceOutlet: Sendable {
  static let waitingLimit = 1_024
  /// From how many spans on a line or a message is full: some tens of kilobytes. Whoever reads the end of a file wants many
  /// lines in it.
  static let spansTogether = 128
  private static let everyMs = 1_000

  /// Brings traces to where they go. What it throws says why they are lost.
  typealias Bring = @Sendable (_ traces: [RequestTrace]) async throws -> Void

  private struct State {
    var waiting: [RequestTrace] = []
    var work: Task<Void, Never>?
    var hasFailed = false
  }

  /// As metrics and logs call it.
  let name: String
  private let loop: EventLoop
  private let closing: TraceClosing
  private let bring: Bring
  private let state = Mutex(State())
  /// Of the task that exports. It and whoever ends its rest are on the loop.
  private nonisolated(unsafe) let pause: Pause
  private let exported = Atomic<Int>(0)
  private let dropped = Atomic<Int>(0)

  init(_ name: String, on loop: EventLoop, _ closing: TraceClosing, bring: @escaping Bring) {
    (self.name, self.loop, self.closing) = (name, loop, closing)
    self.bring = bring
    pause = Pause(on: loop)
  }

  func start() {
    let work = Task.detached(executorPreference: loop) { [self] in
      while closing.deadline == nil {
        await pause.rest(ms: Self.everyMs)
        await export()
      }
      // What came while it was at that.
      await export()
    }
    state.withLock { $0.work = work }
  }

  /// Ends the rest, so that what waits is exported at once.
  func wake() { loop.onLoop { [self] in pause.end() } }

  /// Waits until all is exported. `closing` has begun.
  func end() async {
    let work = state.withLock { state in state.work }
    await work?.value
  }

  // MARK: What comes in

  func take(_ trace: RequestTrace) {
    let isTaken = state.withLock { state in
      guard state.waiting.count < Self.waitingLimit, closing.deadline == nil else { return false }
      state.waiting.append(trace)
      return true
    }
    if !isTaken { drop(1) }
  }

  func drop(_ count: Int) { dropped.add(count, ordering: .relaxed) }

  var exportedCount: Int { exported.load(ordering: .relaxed) }
  var droppedCount: Int { dropped.load(ordering: .relaxed) }

  // MARK: What goes out

  private func export() async {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for traces in Self.parts(of: waiting) {
      do {
        try await bring(Array(traces))
        exported.add(traces.count, ordering: .relaxed)
        note(nil)
      } catch {
        drop(traces.count)
        note("\(error)")
      }
    }
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

  /// Tells once that it does not work, and once that it does again.
  private func note(_ failure: String?) {
    let isNews = state.withLock { state in
      defer { state.hasFailed = failure != nil }
      return state.hasFailed != (failure != nil)
    }
    guard isNews else { return }
    if let failure {
      Log.warning("traces are lost", [("to", name), ("why", failure)])
    } else {
      Log.info("traces are kept again", [("to", name)])
    }
  }
}

/// Whether traces are to end, and until when they may be sent then. A file is written however late it is.
final class TraceClosing: Sendable {
  private let by = Mutex<Deadline?>(nil)

  /// Nil while they go on.
  var deadline: Deadline? { by.withLock { deadline in deadline } }

  func begin(_ deadline: Deadline) { by.withLock { $0 = deadline } }
}
