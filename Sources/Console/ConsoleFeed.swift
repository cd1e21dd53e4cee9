// What the console shows, gathered once a second whoever looks.

import HeightsKit
import Lab
import Synchronization

/// Gathers the state of a lab and hands it to every open page.
final class ConsoleFeed: Sendable {
  private static let historySeconds = 300
  private static let intervalMs = 1_000
  private static let viewerLimit = 64

  private struct State {
    var current: [UInt8] = []
    var history: [Traffic] = []
    var viewers: [Int: AsyncStream<String>.Continuation] = [:]
    var nextViewer = 0
  }

  private let lab: Lab
  private let pool: BlockingPool
  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// The first snapshot, without traffic, is there at once.
  init(_ lab: Lab) throws {
    self.lab = lab
    pool = try BlockingPool(name: "console", threads: 1, queueLimit: 4)
    publish(lab.snapshot, Traffic(atMs: Int(wallClockMs())))
  }

  /// Gathers from now on.
  func start(on loop: EventLoop) {
    let gathering = Task.detached(executorPreference: loop) { [self] in
      var earlier: MetricsReading?
      while !Task.isCancelled {
        // The lab is asked over sockets and files: not on the loop.
        let gathered = try? await pool.run { [lab] in (lab.snapshot, Self.readMetrics(of: lab)) }
        if let (snapshot, reading) = gathered {
          publish(snapshot, Self.traffic(from: earlier, to: reading))
          earlier = reading
        }
        try? await loop.sleep(ms: Self.intervalMs)
      }
    }
    task.withLock { $0 = gathering }
  }

  /// `nil` when the app does not answer.
  private static func readMetrics(of lab: Lab) -> MetricsReading? {
    (try? lab.metrics()).map { MetricsReading(atMs: Int(wallClockMs()), metrics: $0) }
  }

  private static func traffic(from earlier: MetricsReading?, to later: MetricsReading?) -> Traffic {
    guard let earlier, let later else { return Traffic(atMs: Int(wallClockMs())) }
    return Traffic(from: earlier, to: later)
  }

  func stop() {
    task.withLock { $0?.cancel() }
    pool.close()
    for viewer in state.withLock({ $0.viewers }).values { viewer.finish() }
  }

  /// The latest snapshot.
  var current: [UInt8] { state.withLock { $0.current } }

  /// The latest snapshot with the history in it.
  func hello() -> String {
    let (current, history) = state.withLock { ($0.current, $0.history) }
    var json = JSONWriter(capacity: current.count + 128 * history.count)
    json.object {
      $0.member("snapshot", json: current)
      $0.member("history", array: history)
    }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  /// Each snapshot from now on. One that looks away for long misses some; beyond 64 viewers there is none.
  func snapshots() -> AsyncStream<String> {
    AsyncStream(bufferingPolicy: .bufferingNewest(4)) { continuation in
      let id: Int? = state.withLock { state in
        guard state.viewers.count < ConsoleFeed.viewerLimit else { return nil }
        state.nextViewer += 1
        state.viewers[state.nextViewer] = continuation
        return state.nextViewer
      }
      guard let id else { return continuation.finish() }
      continuation.onTermination = { [weak self] _ in
        _ = self?.state.withLock { $0.viewers.removeValue(forKey: id) }
      }
    }
  }

  private func publish(_ snapshot: LabSnapshot, _ traffic: Traffic) {
    let json = JSONWriter.bytes(of: ConsoleSnapshot(lab: snapshot, traffic: traffic), capacity: 8 << 10)
    let viewers = state.withLock { state in
      state.current = json
      state.history.append(traffic)
      if state.history.count > ConsoleFeed.historySeconds { state.history.removeFirst() }
      return Array(state.viewers.values)
    }
    let text = String(decoding: json, as: UTF8.self)
    for viewer in viewers { viewer.yield(text) }
  }
}
