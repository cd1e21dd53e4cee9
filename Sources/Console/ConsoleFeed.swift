// What the console shows, gathered once a second whoever looks.

import HeightsRuntime
import Lab
import Synchronization

/// Gathers the state of a lab and hands it to every open page.
final class ConsoleFeed: Sendable {
  private static let historySeconds = 300
  private static let intervalMs = 1_000
  private static let viewerLimit = 64

  private struct State {
    var current: [UInt8] = []
    var history: [Sample] = []
    var viewers: [Int: AsyncStream<String>.Continuation] = [:]
    var nextViewer = 0
  }

  private let lab: Lab
  private let board: JobBoard
  private let tools: ConsoleTools
  private let pool: BlockingPool
  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// The first snapshot, without figures, is there at once.
  init(_ lab: Lab, _ board: JobBoard, _ tools: ConsoleTools) throws {
    (self.lab, self.board, self.tools) = (lab, board, tools)
    pool = try BlockingPool(name: "console", threads: 1, queueLimit: 4)
    publish(lab.snapshot, nil, Sample(atMs: Int(wallClockMs())))
  }

  /// Gathers from now on.
  func start(on loop: EventLoop) {
    let gathering = Task.detached(executorPreference: loop) { [self] in
      var earlier: MetricsReading?
      while !Task.isCancelled {
        // The lab is asked over sockets and files: not on the loop.
        let gathered = try? await pool.run { [self] in
          board.readOutput()
          let reading = MetricsReading(atMs: Int(wallClockMs()), metrics: lab.metrics())
          return (lab.snapshot, tools.climb(), reading)
        }
        if let (snapshot, climb, reading) = gathered {
          let sample = earlier.map { Sample(from: $0, to: reading) } ?? Sample(atMs: reading.atMs)
          publish(snapshot, climb, sample)
          earlier = reading
        }
        try? await loop.sleep(ms: Self.intervalMs)
      }
    }
    task.withLock { $0 = gathering }
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

  private func publish(_ lab: LabSnapshot, _ climb: ConsoleClimb?, _ figures: Sample) {
    let map = ConsoleMap(lab, climb: climb, outline: self.lab.manifest.outline, rates: figures.rates)
    var sample = figures
    sample.lagBytes = map.nodes.filter { $0.kind == .database }.compactMap(\.lagBytes).max()
    let snapshot = ConsoleSnapshot(
      lab: lab, map: map, sample: sample, climb: climb, jobs: board.jobs, drills: tools.drills)
    let json = JSONWriter.bytes(of: snapshot, capacity: 32 << 10)
    let viewers = state.withLock { state in
      state.current = json
      state.history.append(sample)
      if state.history.count > ConsoleFeed.historySeconds { state.history.removeFirst() }
      return Array(state.viewers.values)
    }
    let text = String(decoding: json, as: UTF8.self)
    for viewer in viewers { viewer.yield(text) }
  }
}
