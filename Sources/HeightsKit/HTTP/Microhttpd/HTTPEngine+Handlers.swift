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
  func enqueue(_ exchange: Exchange) {
    exchange.state = .handling
    ready.append(exchange)
  }

  /// Runs libmicrohttpd, and the handlers of what it has read.
  func run() {
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
      task.run(for: self)
      loop.runJobs()
      // Where the loop has too many other jobs, those that wait get their turn with its next tick.
      guard let exchange = task.exchange, exchange.state == .handling else { break }
      suspend(exchange, task)
    } while batchTask != nil && !ready.isEmpty
    batchTask = nil
  }

  /// The next request that waits for its handler; nil when there is none, or libmicrohttpd has to run first.
  func nextReady(for task: HandlerTask) -> Exchange? {
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
      // Otherwise its client has gone while it waited.
      guard exchange.state == .handling else { continue }
      if inFlight < limits.inFlightPerLoop {
        inFlight += 1
        exchange.holdsPlace = true
        return exchange
      }
      refusedOverload += 1
      show(.overloaded, exchange)
    }
    return nil
  }

  /// The handler waits for something: its connection is left alone until there is an answer.
  private func suspend(_ exchange: Exchange, _ task: HandlerTask) {
    exchange.state = .suspended
    exchange.task = task
    suspended[ObjectIdentifier(exchange)] = exchange
    MHD_suspend_connection(exchange.connection.handle)
  }

  /// The handler's own end, which frees its place: the client may be gone by then, or answered without it.
  func handlerEnded(_ exchange: Exchange, _ response: Response) {
    exchange.endHandler()
    if exchange.holdsPlace {
      exchange.holdsPlace = false
      inFlight -= 1
    }
    if exchange.isHandled { answer(exchange, response) }
  }

  /// Ends a handler that is past its deadline: first by asking, and if it doesn't hear, without it.
  func endOverdue(_ exchange: Exchange) {
    guard exchange.wasCancelled else {
      exchange.wasCancelled = true
      exchange.task?.cancel()
      return
    }
    Log.error("handler doesn't end", ["request": exchange.id])
    show(.tookTooLong, exchange)
  }
}
