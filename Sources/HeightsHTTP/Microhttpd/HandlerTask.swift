// The tasks that handlers run in.

/// A task that runs the handlers of a loop's requests, one after another: to start a task for each request would cost
/// more than most handlers do.
///
/// `@unchecked Sendable` is sound: its engine alone has it, which stays on the loop's thread, and its task prefers that loop:
/// it comes back there from whatever a handler waits for.
final class HandlerTask: @unchecked Sendable {
  private var task: Task<Void, Never>?
  private var rest: UnsafeContinuation<Void, Never>?
  private var isCancelled = false
  /// The request whose handler runs.
  private(set) var exchange: HTTPExchange?

  /// Runs the handlers of requests that are ready: at once in a new task, with the loop's next jobs in one that rests.
  func runHandlers(of engine: HTTPEngine) {
    if rest == nil { start(engine) } else { wake() }
  }

  /// Cancels the handler that runs. The task runs no other one afterwards: it would be cancelled from its start.
  func cancel() {
    isCancelled = true
    task?.cancel()
  }

  /// Ends a task that rests.
  func end() {
    isCancelled = true
    wake()
  }

  private func wake() {
    let rest = rest
    self.rest = nil
    rest?.resume()
  }

  private func start(_ engine: HTTPEngine) {
    task = Task.immediateDetached(executorPreference: engine.loop) { await self.work(for: engine) }
  }

  /// All in one function: with each that awaits Swift looks up the task's executor once more.
  private func work(for engine: HTTPEngine) async {
    while !isCancelled {
      while !isCancelled, let exchange = engine.nextReady(for: self) {
        guard let route = exchange.route else { continue }
        self.exchange = exchange
        do {
          let handler = try engine.routes.handler(of: route, for: exchange)
          let response = try await CurrentRequest.$context.withValue(exchange) {
            guard let tracking = engine.tracking, tracking.isOn else { return try await handler(exchange) }
            return await tracking.follow(exchange) {
              do { return try await handler($0) } catch { return engine.response(to: error, exchange) }
            }
          }
          engine.handlerEnded(exchange, response)
        } catch {
          engine.handlerEnded(exchange, engine.response(to: error, exchange))
        }
        self.exchange = nil
      }
      guard !isCancelled, engine.keep(self) else { return }
      // Resumed once, by the one who takes it out. A checked continuation would cost two allocations each time.
      await withUnsafeContinuation { rest = $0 }
    }
  }
}
