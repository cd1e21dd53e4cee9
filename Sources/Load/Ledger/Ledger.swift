// The ledger as it is read: what must be there now, after everything that was acknowledged.

import Foundation

/// What the app must still know. Where records contradict each other, the last one wins.
struct Ledger: Sendable, Equatable {
  /// Whether a follow or like must be there, must not, or may be either.
  enum TieState: Sendable, Equatable {
    case stands, undone
    /// Its undoing was sent and not answered.
    case inDoubt
    /// It was sent, and no answer came yet.
    case begun
    /// With the status of the answer.
    case refused(Int)
  }
  /// One sending of a post, under an Idempotency-Key of its own.
  struct Attempt: Sendable, Equatable {
    let post: Post
    /// The status of an answer that refused it.
    var refusal: Int?
    /// Refused as a mistake of the sender's: it must not take effect.
    var isDenied: Bool { (refusal ?? 500) < 500 }
  }
  struct Post: Sendable, Equatable {
    let author: String
    let textHash: String
  }

  private(set) var accounts: Set<String> = []
  /// Those of runs that wrote each of their writes down before they sent it: nothing else is theirs.
  private(set) var announcing: Set<String> = []
  private var isAnnouncing = false
  /// By key.
  private(set) var begunPosts: [String: Attempt] = [:]
  private(set) var posts: [String: Post] = [:]
  private(set) var follows: [Pair: TieState] = [:]
  private(set) var likes: [Pair: TieState] = [:]
  private(set) var waitlist: Set<String> = []
  /// By key: the hash of their bytes.
  private(set) var photos: [String: String] = [:]
  /// Acknowledged writes, those to the same thing each by itself.
  private(set) var writes = 0

  /// Reads a whole file. A last line without an end is what a killed run leaves, and is not counted.
  /// - Throws: `LoadError` when the file can't be read or a line is not a record.
  static func read(path: String) throws -> Ledger {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      let exists = FileManager.default.fileExists(atPath: path)
      throw LoadError.ledgerFile(
        path: path, reason: exists ? "can't be read" : "no such file: `heights load` writes one")
    }
    var ledger = Ledger()
    let decoder = JSONDecoder()
    var lineNumber = 0
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: 10) {
      lineNumber += 1
      do {
        ledger.apply(try decoder.decode(LedgerRecord.self, from: bytes[start..<end]))
      } catch {
        throw LoadError.ledgerLine(path: path, line: lineNumber, reason: "not a record")
      }
      start = end + 1
    }
    return ledger
  }

  mutating func apply(_ record: LedgerRecord) {
    if record.isWrite { writes += 1 }
    switch record {
    case .run(_, _, let announces): isAnnouncing = announces
    case .account(let name):
      accounts.insert(name)
      if isAnnouncing { announcing.insert(name) }
    case .postBegun(let key, let author, let textHash):
      begunPosts[key] = Attempt(post: Post(author: author, textHash: textHash))
    case .postRefused(let key, let status): begunPosts[key]?.refusal = status
    case .post(let id, let author, let textHash): posts[id] = Post(author: author, textHash: textHash)
    case .waitlist(let email): waitlist.insert(email)
    case .photo(let key, let bytesHash): photos[key] = bytesHash
    case .followBegun, .followRefused, .follow, .unfollowBegun, .unfollow: apply(record, to: &follows)
    case .likeBegun, .likeRefused, .like, .unlikeBegun, .unlike: apply(record, to: &likes)
    }
  }

  private func apply(_ record: LedgerRecord, to ties: inout [Pair: TieState]) {
    switch record {
    // What stands may be asked for again, which changes nothing.
    case .followBegun(let pair), .likeBegun(let pair): ties[pair] = ties[pair] ?? .begun
    case .followRefused(let pair, let status), .likeRefused(let pair, let status):
      if ties[pair] == .begun { ties[pair] = .refused(status) }
    case .follow(let pair), .like(let pair): ties[pair] = .stands
    case .unfollowBegun(let pair), .unlikeBegun(let pair): ties[pair] = .inDoubt
    case .unfollow(let pair), .unlike(let pair): ties[pair] = .undone
    case .run, .account, .post, .postBegun, .postRefused, .waitlist, .photo: break
    }
  }
}

extension Ledger {
  /// The sendings of each text by each author.
  var attempts: [StoredRows.Writing: [Attempt]] {
    Dictionary(grouping: begunPosts.values) { $0.post.writing }
  }

  /// How many acknowledged posts there are of each text by each author.
  var acknowledged: [StoredRows.Writing: Int] {
    posts.values.reduce(into: [:]) { $0[$1.writing, default: 0] += 1 }
  }
}

extension Ledger.Post {
  fileprivate var writing: StoredRows.Writing { StoredRows.Writing(author: author, textHash: textHash) }
}
