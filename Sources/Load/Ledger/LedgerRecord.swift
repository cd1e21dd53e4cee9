// One line of the ledger: something that the app has acknowledged, and what is needed to read it back.

import Foundation

/// A record. Passwords and texts are not kept: the hash of a text is enough to know it again.
enum LedgerRecord: Sendable, Equatable {
  /// A run has begun to append.
  case run(target: String, seed: UInt64)
  case account(name: String)
  case post(id: String, author: String, textHash: String)
  case follow(Pair)
  /// An unfollow is about to be sent: until it is acknowledged, either state is right.
  case unfollowBegun(Pair)
  case unfollow(Pair)
  case like(Pair)
  case unlikeBegun(Pair)
  case unlike(Pair)
  case waitlist(email: String)

  /// Whether it stands for a write that was acknowledged.
  var isWrite: Bool {
    switch self {
    case .run, .unfollowBegun, .unlikeBegun: false
    case .account, .post, .follow, .unfollow, .like, .unlike, .waitlist: true
    }
  }

  /// The record as one line of JSON, without the line's end.
  var line: String {
    switch self {
    case .run(let target, let seed): JSONText.object(["kind": "run", "target": target, "seed": String(seed)])
    case .account(let name): JSONText.object(["kind": "account", "name": name])
    case .post(let id, let author, let hash):
      JSONText.object(["kind": "post", "id": id, "author": author, "textHash": hash])
    case .follow(let pair): Self.line("follow", pair)
    case .unfollowBegun(let pair): Self.line("unfollowBegun", pair)
    case .unfollow(let pair): Self.line("unfollow", pair)
    case .like(let pair): Self.line("like", pair)
    case .unlikeBegun(let pair): Self.line("unlikeBegun", pair)
    case .unlike(let pair): Self.line("unlike", pair)
    case .waitlist(let email): JSONText.object(["kind": "waitlist", "email": email])
    }
  }

  private static func line(_ kind: String, _ pair: Pair) -> String {
    JSONText.object(["kind": kind, "subject": pair.subject, "object": pair.object])
  }
}

extension LedgerRecord: Decodable {
  private enum Key: String, CodingKey {
    case kind, target, seed, name, id, author, textHash, subject, object, email
  }

  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: Key.self)
    func text(_ key: Key) throws -> String { try members.decode(String.self, forKey: key) }
    func pair() throws -> Pair { Pair(subject: try text(.subject), object: try text(.object)) }
    switch try text(.kind) {
    case "run": self = .run(target: try text(.target), seed: UInt64(try text(.seed)) ?? 0)
    case "account": self = .account(name: try text(.name))
    case "post":
      self = .post(id: try text(.id), author: try text(.author), textHash: try text(.textHash))
    case "follow": self = .follow(try pair())
    case "unfollowBegun": self = .unfollowBegun(try pair())
    case "unfollow": self = .unfollow(try pair())
    case "like": self = .like(try pair())
    case "unlikeBegun": self = .unlikeBegun(try pair())
    case "unlike": self = .unlike(try pair())
    case "waitlist": self = .waitlist(email: try text(.email))
    case let kind:
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: members, debugDescription: "'\(kind)' is no kind of record")
    }
  }
}
