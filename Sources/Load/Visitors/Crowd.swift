// The visitors of one loop, what they know of the app, and what they decide to do next. No I/O.

import Foundation
import Workload

/// Virtual users and their decisions, from a seed.
struct Crowd: Sendable {
  /// What a crowd remembers at most; beyond, new accounts are not used again and old posts are forgotten.
  private static let visitorLimit = 100_000
  private static let postLimit = 100_000
  private static let tieLimit = 500_000
  private static let endedLimit = 4_096
  /// One in so many log-ins is in the second browser.
  private static let elsewhereEvery: UInt64 = 4
  /// One in so many follows and likes takes back an earlier one.
  private static let undoEvery: UInt64 = 10

  private let namePrefix: String
  private let popularityExponent: Double
  private(set) var random: SeededRandom
  private var namesGiven = 0
  private(set) var visitors: [Visitor] = []
  private var attendance = Attendance()
  private(set) var ended = EndedSessions(limit: endedLimit)
  private var positions: [String: Int] = [:]
  /// Accounts that are followed, the most popular first.
  private(set) var authors: [String] = []
  /// Posts that are read and liked, the newest and most popular last.
  private(set) var posts: [String] = []
  private var follows = Ties(limit: tieLimit)
  private var likes = Ties(limit: tieLimit)
  private var authorRanks: Zipf
  private var postRanks: Zipf

  /// - Parameter namePrefix: begins the name of each account; two runs against one app need different ones.
  init(namePrefix: String, popularityExponent: Double, random: SeededRandom) {
    self.namePrefix = namePrefix
    self.popularityExponent = popularityExponent
    self.random = random
    authorRanks = Zipf(count: 1, exponent: popularityExponent)
    postRanks = authorRanks
  }

  // MARK: Deciding

  /// What happens for `action`. Where the crowd can't do that yet (nobody to follow, no post known), someone reads
  /// what is popular instead.
  mutating func decide(_ action: Action) -> Visit {
    switch action {
    case .readLaunchPage: return .readLaunchPage
    case .joinWaitlist: return .joinWaitlist(email: newVisitor().email)
    case .signUp: return .signUp(newVisitor())
    default: break
    }
    guard !visitors.isEmpty else { return .signUp(newVisitor()) }
    if let visit = decideOnSession(action) { return visit }
    if let visitor = attendance.anyone(&random), let visit = decide(action, by: visitor) { return visit }
    return .readPopular(visitor: Int.random(in: 0..<visitors.count, using: &random))
  }

  private mutating func decideOnSession(_ action: Action) -> Visit? {
    switch action {
    case .logIn:
      if let visitor = attendance.anyoneLoggedOut() { return .logIn(visitor: visitor) }
      guard let visitor = attendance.anyoneAlone(&random) else { return nil }
      let isElsewhere = random.next() % Self.elsewhereEvery == 0
      return isElsewhere ? .logInElsewhere(visitor: visitor) : .logIn(visitor: visitor)
    case .signOut: return attendance.anyoneAlone(&random).map { .signOut(visitor: $0) }
    case .changePassword:
      return attendance.anyoneAlone(&random).map { .changePassword(visitor: $0, to: UUID().uuidString) }
    case .tryEndedSession: return ended.any(&random).map { .tryEnded($0) }
    default: return nil
    }
  }

  private mutating func decide(_ action: Action, by visitor: Int) -> Visit? {
    switch action {
    case .readFeed: .readFeed(visitor: visitor)
    case .readPost: posts.isEmpty ? nil : .readPost(visitor: visitor, post: popularPost())
    case .readTie: readTie(by: visitor)
    case .post: newPost(by: visitor)
    case .follow: undoFollow() ?? newFollow(by: visitor)
    case .like: undoLike() ?? newLike(by: visitor)
    case .uploadPhoto: .uploadPhoto(visitor: visitor, picture: Picture.make(&random))
    case .readPopular, .readLaunchPage, .joinWaitlist, .signUp, .logIn, .signOut, .changePassword,
      .tryEndedSession:
      nil
    }
  }

  /// Any tie that was ever touched, the undone ones too.
  private mutating func readTie(by visitor: Int) -> Visit? {
    if random.next() % 2 == 0, let pair = follows.any(&random) { return .readFollow(visitor: visitor, pair) }
    return likes.any(&random).map { .readLike(visitor: visitor, $0) }
  }

  mutating func newVisitor() -> Visitor {
    namesGiven += 1
    return Visitor(name: "\(namePrefix)\(namesGiven)", password: UUID().uuidString)
  }

  mutating func newPost(by visitor: Int) -> Visit {
    .post(visitor: visitor, text: PostText.make(&random), key: UUID().uuidString)
  }

  /// A follow of someone popular whom nobody of the crowd is following or leaving right now.
  mutating func newFollow(by visitor: Int) -> Visit? {
    if authors.isEmpty { return nil }
    return newTie { crowd in
      let author = crowd.authors[crowd.authorRanks.sample(&crowd.random) - 1]
      let pair = Pair(subject: crowd.visitors[visitor].name, object: author)
      guard pair.subject != author, crowd.follows.begin(pair) else { return nil }
      return .follow(visitor: visitor, pair)
    }
  }

  private mutating func newLike(by visitor: Int) -> Visit? {
    if posts.isEmpty { return nil }
    return newTie { crowd in
      let pair = Pair(subject: crowd.visitors[visitor].name, object: crowd.popularPost())
      return crowd.likes.begin(pair) ? .like(visitor: visitor, pair) : nil
    }
  }

  private mutating func newTie(_ attempt: (inout Crowd) -> Visit?) -> Visit? {
    for _ in 0..<8 {
      if let visit = attempt(&self) { return visit }
    }
    return nil
  }

  private mutating func undoFollow() -> Visit? {
    guard takesBack(), let pair = follows.beginUndo(&random, where: isLoggedIn),
      let visitor = positions[pair.subject]
    else { return nil }
    return .unfollow(visitor: visitor, pair)
  }

  private mutating func undoLike() -> Visit? {
    guard takesBack(), let pair = likes.beginUndo(&random, where: isLoggedIn),
      let visitor = positions[pair.subject]
    else { return nil }
    return .unlike(visitor: visitor, pair)
  }

  private func isLoggedIn(_ pair: Pair) -> Bool {
    positions[pair.subject].map(attendance.isLoggedIn) ?? false
  }

  private mutating func takesBack() -> Bool { random.next() % Self.undoEvery == 0 }

  private mutating func popularPost() -> String { posts[posts.count - postRanks.sample(&random)] }

  // MARK: Learning

  /// The account exists and has a session.
  /// - Returns: its position, or nil when the crowd is as large as it gets.
  @discardableResult
  mutating func join(_ visitor: Visitor) -> Int? {
    guard visitors.count < Self.visitorLimit else { return nil }
    positions[visitor.name] = visitors.count
    visitors.append(visitor)
    attendance.join()
    return visitors.count - 1
  }

  /// An answer has set cookies, each `name=value`.
  mutating func take(_ cookies: [String], of visitor: Int) {
    guard !cookies.isEmpty else { return }
    visitors[visitor].cookie = Cookies.header(visitors[visitor].cookie, setting: cookies)
  }

  /// A visit goes out, and has its answer.
  mutating func begin(_ visit: Visit) { if let visitor = visit.holder { attendance.begin(visitor) } }
  mutating func end(_ visit: Visit) { if let visitor = visit.holder { attendance.end(visitor) } }

  /// What became of a log-in, a sign-out or a change of the password. Nobody knows of the sessions of who is retired.
  mutating func settle(_ visitor: Int, _ state: Attendance.State) { attendance.settle(visitor, state) }

  /// A log-in in the second browser was answered with these cookies; none when it may or may not have succeeded.
  mutating func takeElsewhere(_ cookies: [String], of visitor: Int) {
    visitors[visitor].otherCookie = Cookies.header(nil, setting: cookies)
  }

  mutating func change(passwordOf visitor: Int, to password: String) {
    visitors[visitor].password = password
    visitors[visitor].otherCookie = nil
  }

  /// The app has acknowledged that a session is over.
  /// - Returns: the session; nil when there was none.
  mutating func end(sessionIn cookie: String?, of visitor: Int, by ending: EndedSession.Ending)
    -> EndedSession?
  {
    guard let cookie = Cookies.session(cookie) else { return nil }
    let session = EndedSession(name: visitors[visitor].name, cookie: cookie, ending: ending)
    ended.add(session)
    return session
  }

  mutating func countLetIn(_ session: EndedSession) { ended.countLetIn(session) }

  /// The sessions that must be alive.
  var liveSessions: [LiveSession] {
    visitors.indices.filter { !attendance.isRetired($0) }.flatMap { index in
      let visitor = visitors[index]
      let own = attendance.isLoggedIn(index) ? [LiveSession(name: visitor.name, cookie: visitor.cookie)] : []
      let other = visitor.otherCookie.map { [LiveSession(name: visitor.name, cookie: $0)] } ?? []
      return own + other
    }
  }

  mutating func learn(authors: [String]) {
    self.authors = authors
    authorRanks = Zipf(count: authors.count, exponent: popularityExponent)
  }

  mutating func learn(posts new: [String]) {
    posts += new
    if posts.count > Self.postLimit { posts.removeFirst(posts.count - Self.postLimit / 2) }
    postRanks = Zipf(count: posts.count, exponent: popularityExponent)
  }

  mutating func endFollow(_ pair: Pair, isSettled: Bool) { follows.end(pair, isSettled: isSettled) }
  mutating func endLike(_ pair: Pair, isSettled: Bool) { likes.end(pair, isSettled: isSettled) }
}
