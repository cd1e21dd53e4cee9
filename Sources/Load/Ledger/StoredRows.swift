// What the databases hold of what a ledger speaks of, and how that compares. No I/O.

/// Rows of Summit's databases, as far as a ledger's accounts have made them.
struct StoredRows: Sendable, Equatable {
  /// A post that somebody has written, whichever row it is.
  struct Writing: Hashable, Sendable {
    let author: String
    let textHash: String
  }

  /// By name: how many rows have it.
  var accounts: [String: Int] = [:]
  /// By identifier; the author by the account's identifier, and as it is copied to the post.
  var posts: [String: Writing] = [:]
  var copiedAuthors: [String: String] = [:]
  var likeCounts: [String: Int64] = [:]
  var follows: Set<Pair> = []
  var likes: Set<Pair> = []
  /// Of posts whose count of likes is not the number of their likes.
  var wrongLikeCounts: [(post: String, count: Int64, likes: Int64)] = []
  var waitlist: Set<String> = []
  /// Of each photo, by its key: what every store has that has it, as the store's name and the hash of the bytes.
  var photos: [String: [String: String]] = [:]

  static func == (left: StoredRows, right: StoredRows) -> Bool {
    left.accounts == right.accounts && left.posts == right.posts && left.follows == right.follows
      && left.likes == right.likes && left.waitlist == right.waitlist && left.photos == right.photos
      && left.wrongLikeCounts.elementsEqual(right.wrongLikeCounts, by: ==)
  }

  // MARK: Is it there?

  func answer(_ check: LedgerCheck) -> LedgerCheck.Answer {
    switch check {
    case .account(let name): return accounts[name] == nil ? .missing("not found") : .found
    case .post(let id, let post): return answer(id, post)
    case .photo(let key, let bytesHash): return answer(photos[key] ?? [:], bytesHash)
    case .follow(let pair, let stands): return answer(follows.contains(pair), stands)
    case .like(let pair, let stands): return answer(likes.contains(pair), stands)
    }
  }

  private func answer(_ id: String, _ post: Ledger.Post) -> LedgerCheck.Answer {
    guard let stored = posts[id] else { return .missing("not found") }
    if stored.author != post.author { return .missing("it is \(stored.author)'s") }
    if let copied = copiedAuthors[id], copied != post.author { return .missing("it is shown as \(copied)'s") }
    return stored.textHash == post.textHash ? .found : .missing("its text has changed")
  }

  /// While photos move to another store it may not have them all yet; but whatever it has must be right.
  private func answer(_ copies: [String: String], _ bytesHash: String) -> LedgerCheck.Answer {
    if copies.isEmpty { return .missing("not found") }
    let changed = copies.filter { $0.value != bytesHash }.keys.sorted()
    return changed.isEmpty
      ? .found : .missing("its bytes have changed in \(changed.joined(separator: " and "))")
  }

  private func answer(_ isThere: Bool, _ stands: Bool) -> LedgerCheck.Answer {
    isThere == stands ? .found : .missing(stands ? "not found" : "still there")
  }

  // MARK: What should not be there

  /// Each thing that nobody has asked for, or that contradicts itself, for people.
  /// - Parameter ledger: read after the rows: what was asked for by then is in it.
  func unexpected(_ ledger: Ledger) -> [String] {
    let doubled = accounts.filter { $0.value > 1 }.map { "account \($0.key): \($0.value) rows have the name" }
    let counts = wrongLikeCounts.map {
      "post \($0.post): its count of likes is \($0.count), and there are \($0.likes)"
    }
    return (doubled + counts + unexpectedPosts(ledger) + unexpectedTies(ledger)).sorted()
  }

  private func unexpectedPosts(_ ledger: Ledger) -> [String] {
    let attempts = ledger.attempts
    return rowsByWriting.compactMap { writing, ids in
      guard ledger.announcing.contains(writing.author) else { return nil }
      let asked = attempts[writing] ?? []
      let name = "post \(ids.sorted().joined(separator: " and ")) by \(writing.author)"
      if asked.isEmpty { return "\(name): nobody has sent it" }
      if ids.count > asked.count {
        return "\(name): there \(ids.count) times, and sent under \(asked.count) keys"
      }
      if ids.count > acknowledged(writing, ledger), asked.contains(where: \.isDenied) {
        return "\(name): refused as a mistake, and there"
      }
      return nil
    }
  }

  private func unexpectedTies(_ ledger: Ledger) -> [String] {
    func complaint(_ state: Ledger.TieState?) -> String? {
      switch state {
      case nil: "nobody has asked for it"
      case .refused(let status) where status < 500: "refused as a mistake, and there"
      // What was undone and is there is told as missing.
      case .refused, .begun, .stands, .undone, .inDoubt: nil
      }
    }
    let follows = follows.filter { ledger.announcing.contains($0.subject) }.compactMap { pair in
      complaint(ledger.follows[pair]).map { "follow of \(pair.object) by \(pair.subject): \($0)" }
    }
    return follows
      + likes.filter { ledger.announcing.contains($0.subject) }.compactMap { pair in
        complaint(ledger.likes[pair]).map { "like of post \(pair.object) by \(pair.subject): \($0)" }
      }
  }

  // MARK: What is there without an acknowledgement

  /// Writes that were refused as too much or too late (5xx), or never answered, and are there all the same. That is
  /// allowed: nobody was told that they are not.
  func tookEffect(_ ledger: Ledger) -> (refused: Int, unanswered: Int) {
    var (refused, unanswered) = (0, 0)
    let attempts = ledger.attempts
    for (writing, ids) in rowsByWriting {
      let surplus = ids.count - acknowledged(writing, ledger)
      guard surplus > 0, let asked = attempts[writing], ids.count <= asked.count else { continue }
      if asked.contains(where: { $0.refusal != nil }) { refused += surplus } else { unanswered += surplus }
    }
    let ties = follows.map { ledger.follows[$0] } + likes.map { ledger.likes[$0] }
    for case .some(let state) in ties {
      if case .refused = state { refused += 1 }
      if state == .begun { unanswered += 1 }
    }
    return (refused, unanswered)
  }

  private var rowsByWriting: [Writing: [String]] {
    Dictionary(grouping: posts.keys) { posts[$0] ?? Writing(author: "", textHash: "") }
  }

  private func acknowledged(_ writing: Writing, _ ledger: Ledger) -> Int {
    ledger.acknowledged[writing] ?? 0
  }
}
