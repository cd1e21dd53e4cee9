// Who is logged in, so that nobody's session ends while something of theirs is under way. No I/O.

/// The visitors of a crowd, by their positions.
///
/// A session ends alone: whoever logs in or out, or changes the password, has nothing else under way until it is known what
/// became of that. Where the answer leaves it open, the session is expected neither to live nor to be over.
struct Attendance: Sendable {
  enum State: Sendable {
    case loggedIn
    /// Logs in or out, or changes the password, right now.
    case settling
    /// Also who may be logged in still: the next thing that happens is a log-in.
    case loggedOut
    /// Left alone for good: a new password that was never acknowledged may yet take effect, and end all sessions.
    case retired
  }

  private static let tries = 8

  private var states: [State] = []
  private var underWay: [Int] = []
  private var loggedOut: [Int] = []

  /// Somebody new, at the next position.
  mutating func join() {
    states.append(.loggedIn)
    underWay.append(0)
  }

  func isLoggedIn(_ visitor: Int) -> Bool { states[visitor] == .loggedIn }
  func isRetired(_ visitor: Int) -> Bool { states[visitor] == .retired }

  /// A request that needs the session.
  mutating func begin(_ visitor: Int) { underWay[visitor] += 1 }
  mutating func end(_ visitor: Int) { underWay[visitor] -= 1 }

  /// Someone who is logged in; nil when a few looks found nobody.
  func anyone(_ random: inout SeededRandom) -> Int? { find(&random) { states[$0] == .loggedIn } }

  /// Someone who is logged in and has nothing under way. It has to be settled afterwards.
  mutating func anyoneAlone(_ random: inout SeededRandom) -> Int? {
    guard let visitor = find(&random, { states[$0] == .loggedIn && underWay[$0] == 0 }) else { return nil }
    states[visitor] = .settling
    return visitor
  }

  /// Someone who is not. It has to be settled afterwards.
  mutating func anyoneLoggedOut() -> Int? {
    guard let visitor = loggedOut.popLast() else { return nil }
    states[visitor] = .settling
    return visitor
  }

  mutating func settle(_ visitor: Int, _ state: State) {
    states[visitor] = state
    if state == .loggedOut { loggedOut.append(visitor) }
  }

  private func find(_ random: inout SeededRandom, _ isRight: (Int) -> Bool) -> Int? {
    if states.isEmpty { return nil }
    for _ in 0..<Self.tries {
      let visitor = Int.random(in: 0..<states.count, using: &random)
      if isRight(visitor) { return visitor }
    }
    return nil
  }
}
