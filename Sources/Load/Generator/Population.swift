// Before anything is measured: the accounts, posts and follows that the visits are about.

import Policies

/// Makes the population of a run. Everything goes through the API and into the ledger, as during the run.
struct Population {
  private static let parallel = 4
  private static let postsEach = 2
  private static let followsEach = 5
  private static let tries = 6
  private static let pauses = BackOff(firstMs: 200, limitMs: 6_400)

  let visitors: [Visitors]
  let users: Int
  let progress: @Sendable (_ done: Int, _ total: Int) -> Void

  /// - Throws: `LoadError.setUpFailed` when something does not succeed after several tries.
  func make() async throws {
    progress(0, users)
    // Sign-ups cost the server a password hash each, so they come few at a time.
    try await each(of: users) { index in
      try await insist("a sign-up") { await crowd(index).signUpSomeone() }
    }
    try await introduce()
    try await each(of: users, silently: true) { index in
      let (crowd, visitor) = (crowd(index), index / visitors.count)
      for _ in 0..<Self.postsEach { try await insist("a post") { await crowd.post(by: visitor) } }
      for _ in 0..<Self.followsEach {
        try await insist("a follow") { await crowd.followSomeone(by: visitor) }
      }
    }
    try await introduce()
  }

  /// User i belongs to crowd i modulo their number.
  private func crowd(_ user: Int) -> Visitors { visitors[user % visitors.count] }

  /// Every crowd follows, reads and likes what all of them made.
  private func introduce() async throws {
    var (names, posts): ([String], [String]) = ([], [])
    for crowd in visitors {
      names += await crowd.names
      posts += await crowd.posts
    }
    for crowd in visitors {
      let own = Set(await crowd.posts)
      await crowd.learn(authors: names)
      await crowd.learn(posts: posts.filter { !own.contains($0) })
    }
  }

  private func each(
    of count: Int, silently: Bool = false, _ body: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      var done = 0
      for index in 0..<count {
        if index >= Self.parallel {
          try await tasks.next()
          done += 1
          if !silently { progress(done, count) }
        }
        tasks.addTask { try await body(index) }
      }
      try await tasks.waitForAll()
      if !silently { progress(count, count) }
    }
  }

  private func insist(_ what: String, _ attempt: () async -> Outcome) async throws {
    var outcome = Outcome.succeeded
    for count in 1...Self.tries {
      try Task.checkCancellation()
      outcome = await attempt()
      if outcome == .succeeded { return }
      try await Task.sleep(for: .milliseconds(Self.pauses.ms(afterFailures: count)))
    }
    throw LoadError.setUpFailed(what: what, reason: outcome.errorKind ?? "")
  }
}
