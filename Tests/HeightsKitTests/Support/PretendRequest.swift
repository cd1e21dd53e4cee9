// Work for a request, without a server that it came to.

import Synchronization

@testable import HeightsHTTP

/// A request as those see it who work for it.
final class PretendRequest: RequestContext {
  let deadline: Deadline
  let trace: TraceContext
  let seen: SeenPositions?
  let isRepeated: Bool
  let spans: RequestSpans?
  private let isOver = Atomic<Bool>(false)

  init(
    deadline: Deadline = .afterMs(60_000), seen: SeenPositions? = nil, isRepeated: Bool = false,
    spans: RequestSpans? = nil
  ) {
    var random = FastRandom()
    (self.deadline, self.seen, self.isRepeated, self.spans) = (deadline, seen, isRepeated, spans)
    trace = TraceContext(traceparent: nil, random: &random)
  }

  var hasEnded: Bool { isOver.load(ordering: .relaxed) }

  func end() { isOver.store(true, ordering: .relaxed) }
}

/// Runs `body` as a request's handler would.
/// - Parameters:
///   - seen: what its session has seen.
///   - isRepeated: whether it is a repetition of one that failed.
///   - spans: where what is done for it is noted.
func asRequest<T>(
  due deadline: Deadline = .afterMs(60_000), seen: SeenPositions? = nil, isRepeated: Bool = false,
  spans: RequestSpans? = nil, _ body: () async throws -> T
) async rethrows -> T {
  let request = PretendRequest(deadline: deadline, seen: seen, isRepeated: isRepeated, spans: spans)
  defer { request.end() }
  return try await CurrentRequest.$context.withValue(request) { try await body() }
}
