// Work for a request, without a server that it came to.

import Synchronization

@testable import HeightsHTTP

/// A request as those see it who work for it.
final class PretendRequest: RequestContext {
  let deadline: Deadline
  let trace: TraceContext
  let seen: SeenPositions?
  private let isOver = Atomic<Bool>(false)

  init(deadline: Deadline = .afterMs(60_000), seen: SeenPositions? = nil) {
    var random = FastRandom()
    (self.deadline, self.seen) = (deadline, seen)
    trace = TraceContext(traceparent: nil, random: &random)
  }

  var hasEnded: Bool { isOver.load(ordering: .relaxed) }

  func end() { isOver.store(true, ordering: .relaxed) }
}

/// Runs `body` as a request's handler would.
/// - Parameter seen: what its session has seen.
func asRequest<T>(
  due deadline: Deadline = .afterMs(60_000), seen: SeenPositions? = nil, _ body: () async throws -> T
) async rethrows -> T {
  let request = PretendRequest(deadline: deadline, seen: seen)
  defer { request.end() }
  return try await CurrentRequest.$context.withValue(request) { try await body() }
}
