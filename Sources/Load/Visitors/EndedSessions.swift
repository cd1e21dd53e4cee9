// Sessions that the app has ended, by its own word: none of them may let anybody in again. No I/O.

/// A session that is over.
struct EndedSession: Sendable, Equatable {
  /// What has ended it, for people.
  enum Ending: String, Sendable {
    case signOut = "a sign-out"
    case passwordChange = "a change of the password"
    case logIn = "a log-in in the same browser"
  }

  /// Whose it was.
  let name: String
  let cookie: String
  let ending: Ending
}

/// The last of them, and how many have let somebody in all the same.
struct EndedSessions: Sendable {
  private let limit: Int
  /// As a ring.
  private(set) var kept: [EndedSession] = []
  private var next = 0
  private var letInCookies: Set<String> = []
  /// Each session counts once, however often it lets in.
  private(set) var letIn = 0
  /// At most 10.
  private(set) var examples: [String] = []

  /// - Parameter limit: how many it remembers.
  init(limit: Int) { self.limit = limit }

  mutating func add(_ session: EndedSession) {
    if kept.count < limit { return kept.append(session) }
    letInCookies.remove(kept[next].cookie)
    kept[next] = session
    next = (next + 1) % limit
  }

  func any(_ random: inout SeededRandom) -> EndedSession? { kept.randomElement(using: &random) }

  /// One of those that are kept was taken for a session.
  mutating func countLetIn(_ session: EndedSession) {
    guard letInCookies.insert(session.cookie).inserted else { return }
    letIn += 1
    if examples.count < 10 {
      examples.append("session of \(session.name), over since \(session.ending.rawValue): still let in")
    }
  }
}
