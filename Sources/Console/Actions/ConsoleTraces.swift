// What the page asks of traces: those that were kept lately, and one of them as a waterfall.

import HeightsHTTP
import HeightsRuntime
import Lab

/// `GET /traces` and `GET /traces/ID`. Both want `Authorization: Bearer TOKEN`: paths of requests may have secrets in them.
struct ConsoleTraces: Sendable {
  /// How many the page lists.
  static let listed = 12

  private let archive: TraceArchive
  private let token: Token
  private let pool: BlockingPool

  /// - Throws: `SystemError` when the kernel has no thread to give.
  init(_ folder: AppFolder, _ token: Token) throws {
    (archive, self.token) = (TraceArchive(folder), token)
    pool = try BlockingPool(name: "console-traces", threads: 1, queueLimit: 4)
  }

  func add(to router: inout Router, secured: @escaping @Sendable (Response) -> Response) {
    router.get("/traces") { request in
      try token.check(request)
      let traces = try await pool.run { archive.recent(limit: Self.listed) }
      return secured(try answer(traces))
    }
    router.get("/traces/{id}") { request in
      try token.check(request)
      let id = try request.parameter("id")
      do {
        let trace = try await pool.run { try archive.trace(id) }
        return secured(try answer(ShownTrace(summary: trace.summary, rows: trace.rows)))
      } catch let error as LabError {
        throw Problem(
          error.isMisuse ? .badRequest : .notFound, title: "No such trace", detail: error.description)
      }
    }
  }

  func stop() { pool.close() }

  private func answer(_ value: some Encodable) throws -> Response {
    .bytes(try JSON.encode(value), contentType: "application/json").with("Cache-Control", "no-store")
  }
}

private struct ShownTrace: Encodable {
  let summary: RecordedTrace.Summary
  let rows: [RecordedTrace.Row]
}
