// Follows and likes that are made and sometimes undone, so that what must be there afterwards is never in doubt.

/// The pairs that visitors have tied, each at most once made and once undone.
///
/// A pair is touched by one request at a time. It may be made again while it stands (that changes nothing), but never
/// after it was undone, and not after an answer failed to come: that request may still take effect at any time.
struct Ties: Sendable {
  private enum State { case underWay, stands, retired }

  private let limit: Int
  private var states: [Pair: State] = [:]
  private var standing: [Pair] = []
  /// The last that were touched first, as a ring.
  private var recent: [Pair] = []
  private var nextRecent = 0

  /// - Parameter limit: how many pairs it remembers; new ones beyond are refused.
  init(limit: Int) { self.limit = limit }

  /// - Returns: false when the pair must be left alone.
  mutating func begin(_ pair: Pair) -> Bool {
    guard let state = states[pair] else {
      guard states.count < limit else { return false }
      states[pair] = .underWay
      remember(pair)
      return true
    }
    guard state == .stands else { return false }
    states[pair] = .underWay
    standing.removeAll { $0 == pair }
    return true
  }

  private mutating func remember(_ pair: Pair) {
    if recent.count < 1_024 { return recent.append(pair) }
    recent[nextRecent] = pair
    nextRecent = (nextRecent + 1) % recent.count
  }

  /// One of those that were touched lately, however it stands.
  func any(_ random: inout SeededRandom) -> Pair? { recent.randomElement(using: &random) }

  /// - Parameter isSettled: whether it was acknowledged, and no copy of the request may still take effect.
  mutating func end(_ pair: Pair, isSettled: Bool) {
    states[pair] = isSettled ? .stands : .retired
    if isSettled, standing.count < 1_024 { standing.append(pair) }
  }

  /// Takes one that stands, never to be touched again afterwards.
  /// - Parameter isPossible: whether its subject can undo it now.
  mutating func beginUndo(_ random: inout SeededRandom, where isPossible: (Pair) -> Bool = { _ in true })
    -> Pair?
  {
    guard !standing.isEmpty else { return nil }
    let index = Int.random(in: 0..<standing.count, using: &random)
    guard isPossible(standing[index]) else { return nil }
    standing.swapAt(index, standing.count - 1)
    let pair = standing.removeLast()
    states[pair] = .retired
    return pair
  }
}
