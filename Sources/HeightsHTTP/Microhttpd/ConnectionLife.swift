// The life of a connection: what it waits for and since when, as a state machine without a socket and a clock of its own.

/// What a connection waits for; one that waits too long is ended.
struct ConnectionLife {
  enum Phase: Equatable {
    case idle(since: Deadline)
    /// The line of another request has come, its headers have not.
    case headers(since: Deadline)
    case receiving(since: Deadline)
    case answering
  }

  /// How far the client is with an answer, as the kernel has it.
  struct Progress: Equatable {
    let unsentBytes: Int
    let takenBytes: UInt64
  }

  /// Looks at the socket, for what libmicrohttpd doesn't tell.
  struct Socket {
    /// Whether the client has ended its side and sent nothing before that has not been read.
    let hasEnded: () -> Bool
    let progress: () -> Progress
  }

  private(set) var phase: Phase
  private var requestCount = 0
  private var wasLookedAt = false
  /// How much of the answers the client had taken, and since when it is no more.
  private var taken: (of: Progress, since: Deadline)?

  init(now: Deadline) { phase = .idle(since: now) }

  /// The line of a request has come. The first request has the time since the connection was opened.
  mutating func takeLine(at now: Deadline) { if requestCount > 0 { enter(.headers(since: now)) } }

  mutating func takeHeaders(at now: Deadline) {
    requestCount += 1
    enter(.receiving(since: now))
  }

  /// The request is complete, or is answered before it is.
  mutating func beginAnswer() { enter(.answering) }

  /// The request is over: its answer has been sent, or will never be.
  mutating func endRequest(at now: Deadline) { enter(.idle(since: now)) }

  private mutating func enter(_ phase: Phase) {
    self.phase = phase
    wasLookedAt = false
  }

  /// Whether it has to end: its client doesn't send, doesn't take, or has gone; or it stays without a request.
  /// - Parameter drainingSince: since when the server takes no more connections.
  mutating func isOverdue(
    at now: Deadline, _ limits: HTTPLimits, drainingSince: Deadline?, _ socket: Socket
  ) -> Bool {
    switch phase {
    case .answering: hasTakenNothing(at: now, forMs: limits.inactivityTimeoutMs, socket)
    case .headers(let since): since.ms(until: now) > limits.headerTimeoutMs || socket.hasEnded()
    case .receiving(let since): since.ms(until: now) > limits.bodyTimeoutMs || socket.hasEnded()
    case .idle(let since): hasEndedUnseen(socket) || isIdle(since, at: now, limits, drainingSince)
    }
  }

  private func isIdle(
    _ since: Deadline, at now: Deadline, _ limits: HTTPLimits, _ drainingSince: Deadline?
  ) -> Bool {
    if let drainingSince { return max(since, drainingSince).ms(until: now) > limits.drainIdleMs }
    return since.ms(until: now) > (requestCount == 0 ? limits.headerTimeoutMs : limits.keepAliveMs)
  }

  /// libmicrohttpd misses the end of the client's side when it comes together with the last bytes. Between requests one
  /// look is enough, for there are no last bytes then.
  private mutating func hasEndedUnseen(_ socket: Socket) -> Bool {
    if requestCount > 0 {
      if wasLookedAt { return false }
      wasLookedAt = true
    }
    return socket.hasEnded()
  }

  /// Whether the client has taken nothing of an answer for so long, of which there is something to take.
  private mutating func hasTakenNothing(at now: Deadline, forMs limitMs: Int, _ socket: Socket) -> Bool {
    let progress = socket.progress()
    guard progress.unsentBytes > 0 else {
      taken = nil
      return false
    }
    if let taken, taken.of == progress { return taken.since.ms(until: now) > limitMs }
    taken = (progress, now)
    return false
  }
}

extension Deadline {
  fileprivate func ms(until later: Deadline) -> Int { microseconds(until: later) / 1_000 }
}
