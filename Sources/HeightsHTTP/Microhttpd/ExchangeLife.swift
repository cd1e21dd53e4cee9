// The life of a request and its answer: a state machine without libmicrohttpd, handlers and a clock of its own.

/// What has become of a request. Each event says what is to be done, and those that come too late say: nothing.
///
/// A request is handled once at most and answered once at most, and a connection that is suspended for it is resumed once.
struct ExchangeLife: Equatable {
  enum State {
    /// The body is arriving.
    case receiving
    /// The body has begun to arrive, and is left where it is until it is known whether its client may send it. The
    /// connection is suspended.
    case heldBack
    /// The handler runs, or is about to.
    case handling
    /// The handler runs, and has given the thread back without an answer. The connection is suspended.
    case suspended
    /// The answer is there. The handler may still run, where somebody else has answered.
    case answered
    /// The client has its answer, or has gone.
    case ended
  }

  /// What to do about an answer.
  enum Sending {
    case send
    /// And then to resume the connection.
    case sendAndResume
    /// There was one before, or the client has gone.
    case drop
  }

  /// What to do about a request whose turn to be handled has come.
  enum Turn {
    case handle
    /// Too many are in flight.
    case refuse
    /// Its client has gone while it waited.
    case pass
  }

  /// What to do about a request that is past its deadline.
  enum Overdue {
    /// Ask the handler to end.
    case cancel
    /// It didn't hear: answer without it.
    case answer
  }

  private(set) var state = State.receiving
  private var awaitsAdmission = false
  private var wasCancelled = false
  /// Whether it is one of the requests in flight.
  private(set) var holdsPlace = false

  // MARK: The body

  /// It is asked whether the client may send its body.
  mutating func askAdmission() { awaitsAdmission = true }

  /// Some of the body has come.
  /// - Returns: whether to leave it and to suspend the connection.
  mutating func holdBack() -> Bool {
    guard awaitsAdmission, state == .receiving else { return false }
    state = .heldBack
    return true
  }

  /// It is known whether the client may send its body.
  /// - Returns: whether to resume the connection.
  mutating func admit() -> Bool {
    awaitsAdmission = false
    guard state == .heldBack else { return false }
    state = .receiving
    return true
  }

  /// Whether what comes of the body is taken, and its end makes the request complete. Otherwise it has an answer already.
  var isWanted: Bool { state == .receiving }

  // MARK: The handler

  /// The request is complete and waits for its handler.
  mutating func enqueue() { state = .handling }

  /// Its turn has come.
  mutating func begin(hasRoom: Bool) -> Turn {
    guard state == .handling else { return .pass }
    guard hasRoom else { return .refuse }
    holdsPlace = true
    return .handle
  }

  /// The handler waits for something.
  /// - Returns: whether to suspend the connection.
  mutating func suspend() -> Bool {
    guard state == .handling else { return false }
    state = .suspended
    return true
  }

  /// The handler has ended.
  /// - Returns: whether there is a place free again.
  mutating func leavePlace() -> Bool {
    defer { holdsPlace = false }
    return holdsPlace
  }

  /// The deadline has passed, at this look or at an earlier one.
  mutating func passDeadline() -> Overdue {
    defer { wasCancelled = true }
    return wasCancelled ? .answer : .cancel
  }

  // MARK: The answer

  /// There is an answer, from the handler or without it.
  mutating func answer() -> Sending {
    switch state {
    case .receiving, .handling:
      state = .answered
      return .send
    case .heldBack, .suspended:
      state = .answered
      return .sendAndResume
    case .answered, .ended: return .drop
    }
  }

  /// libmicrohttpd is done with the request.
  mutating func end() { state = .ended }
}
