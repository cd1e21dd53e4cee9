// Whether a process should get requests: what load balancers and supervisors ask for.

import Synchronization

/// The state of a process, shown at `/readyz`.
public final class Readiness: Sendable {
  public enum State: String, Sendable {
    case starting, ready, draining
  }

  private let current = Mutex(State.starting)

  public init() {}

  public var state: State {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}

extension Router {
  /// `/healthz`: the process lives. `/readyz`: it should get requests. `/metrics`: what it has seen, where that is told at all.
  mutating func addHealth(
    stage: Int, readiness: Readiness, metrics: (@Sendable () async throws -> MetricsText)?
  ) {
    get("/healthz") { _ in .json(Health(state: "alive", stage: stage)) }
    get("/readyz") { _ in
      let state = readiness.state
      return .json(
        Health(state: state.rawValue, stage: stage), status: state == .ready ? .ok : .serviceUnavailable)
    }
    guard let metrics else { return }
    get("/metrics") { _ in
      .bytes(Array(try await metrics().text.utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
  }
}

private struct Health: JSONWritable {
  let state: String
  let stage: Int

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("state", state)
      $0.member("stage", stage)
    }
  }
}
