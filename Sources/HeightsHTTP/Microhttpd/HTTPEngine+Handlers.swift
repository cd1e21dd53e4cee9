// How handlers run: libmicrohttpd reads what has come on every connection, then the handlers of those requests run one
// after another in one task, then libmicrohttpd sends the answers. To wake a task for each request costs more than most
// handlers do, and reading, handling and sending each find their code in the processor's caches.

import CMicrohttpd

extension HTTPEngine {
  /// For how long handlers run before the answers that are there are sent; longer when sending takes long.
  private static let batchMicroseconds = 200...20_000
  /// How often libmicrohttpd is run again before the loop's other work gets its turn.
  private static let batchesPerTurn = 2

  /// Puts a complete request where a handler's task takes it from.
  func enqueue(_ exchange: HTTPExchange) {
    exchange.life.enqueue()
    ready.append(exchange)
  }

  /// Has libmicrohttpd read what has come, runs the handlers of that, and has it send their answers.
  func readAndAnswer() {
    mustRun = false
    guard daemon != nil else { return }
    MHD_run(daemon)
    for _ in 0..<Self.batchesPerTurn where !ready.isEmpty {
      handleBatch()
      let begun = loop.readClock()
      MHD_run(daemon)
      // It looks at each request that still waits. So that many of them don't cost more than the handlers do:
      sendingMicroseconds = begun.microseconds(until: loop.readClock())
    }
    mustRun = mustRun || !ready.isEmpty || heights_mhd_is_pending(daemon) != 0
  }

  /// Runs the handlers of those that are ready, for a while.
  private func handleBatch() {
    batchEnd = nil
    repeat {
      let task = takeRestingTask() ?? HandlerTask()
      batchTask = task
      task.runHandlers(of: self)
      loop.runJobs()
      // Where the loop has too many other jobs, those that wait get their turn with its next tick.
      guard let exchange = task.exchange, exchange.life.suspend() else { break }
      exchange.task = task
      suspend(exchange)
    } while batchTask != nil && !ready.isEmpty
    batchTask = nil
  }

  /// The next request that waits for its handler; nil when there is none, or libmicrohttpd has to run first.
  func nextReady(for task: HandlerTask) -> HTTPExchange? {
    guard task === batchTask else { return nil }
    let now = loop.readClock()
    if let batchEnd {
      if now > batchEnd {
        batchTask = nil
        return nil
      }
    } else {
      let range = Self.batchMicroseconds
      batchEnd = now.plus(
        microseconds: min(max(8 * sendingMicroseconds, range.lowerBound), range.upperBound))
    }
    while let exchange = ready.popFirst() {
      switch exchange.life.begin(hasRoom: inFlight < limits.inFlightPerLoop) {
      case .handle:
        inFlight += 1
        return exchange
      case .refuse:
        refusedOverload += 1
        answer(exchange, response(to: .overloaded, exchange).with(NotBegun.header, "1"))
      case .pass: break
      }
    }
    return nil
  }

  /// The handler's own end, which frees its place: the client may be gone by then, or answered without it.
  func handlerEnded(_ exchange: HTTPExchange, _ response: Response) {
    exchange.endHandler()
    if exchange.life.leavePlace() { inFlight -= 1 }
    answer(exchange, response)
  }

  /// Ends a handler that is past its deadline: first by asking, and if it doesn't hear, without it.
  func endOverdue(_ exchange: HTTPExchange) {
    switch exchange.life.passDeadline() {
    case .cancel: exchange.task?.cancel()
    case .answer:
      Log.error("handler doesn't end", ["request": exchange.id])
      show(.tookTooLong, exchange)
    }
  }
}
