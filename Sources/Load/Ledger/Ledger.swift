// The ledger as it is read: what must be there now, after everything that was acknowledged.

import Foundation

/// What the app must still know. Where records contradict each other, the last one wins.
struct Ledger: Sendable, Equatable {
  /// Whether a follow or like must be there, must not, or may be either because an answer never came.
  enum TieState: Sendable, Equatable { case stands, undone, inDoubt }
  struct Post: Sendable, Equatable {
    let author: String
    let textHash: String
  }

  private(set) var accounts: Set<String> = []
  private(set) var posts: [String: Post] = [:]
  private(set) var follows: [Pair: TieState] = [:]
  private(set) var likes: [Pair: TieState] = [:]
  private(set) var waitlist: Set<String> = []
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
    case .run: break
    case .account(let name): accounts.insert(name)
    case .post(let id, let author, let textHash): posts[id] = Post(author: author, textHash: textHash)
    case .follow(let pair): follows[pair] = .stands
    case .unfollowBegun(let pair): follows[pair] = .inDoubt
    case .unfollow(let pair): follows[pair] = .undone
    case .like(let pair): likes[pair] = .stands
    case .unlikeBegun(let pair): likes[pair] = .inDoubt
    case .unlike(let pair): likes[pair] = .undone
    case .waitlist(let email): waitlist.insert(email)
    }
  }
}
