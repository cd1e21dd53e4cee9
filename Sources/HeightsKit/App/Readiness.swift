// Whether a process should get requests: what load balancers and supervisors ask for.

import Contract
import Synchronization

/// The state of a process, shown at `/readyz`.
public final class Readiness: Sendable {
  /// Only a process that is `ready` should be sent requests.
  public enum State: String, Sendable {
    case starting, ready, draining
  }

  private let current = Mutex(State.starting)

  /// A process that is starting.
  public init() {}

  /// May be read and set on any thread.
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
    healthCheck(AdminPath.alive) { _ in .json(AdminAnswer.Health(state: "alive", stage: stage)) }
    healthCheck(AdminPath.ready) { _ in
      let state = readiness.state
      return .json(
        AdminAnswer.Health(state: state.rawValue, stage: stage),
        status: state == .ready ? .ok : .serviceUnavailable)
    }
    guard let metrics else { return }
    get(AdminPath.metrics) { _ in
      .bytes(Array(try await metrics().text.utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
  }
}
