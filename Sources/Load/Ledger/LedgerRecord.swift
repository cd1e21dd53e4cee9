// One line of the ledger: something that the app has acknowledged, and what is needed to read it back.

import Foundation

/// A record. Passwords and texts are not kept: the hash of a text is enough to know it again.
enum LedgerRecord: Sendable, Equatable {
  /// A run has begun to append. What announces writes puts each into the file before it is sent.
  case run(target: String, seed: UInt64, announces: Bool = true)
  case account(name: String)
  /// About to be sent under a key. The answer may never come.
  case postBegun(key: String, author: String, textHash: String)
  case postRefused(key: String, status: Int)
  case post(id: String, author: String, textHash: String)
  case followBegun(Pair)
  case followRefused(Pair, status: Int)
  case follow(Pair)
  /// An unfollow is about to be sent: until it is acknowledged, either state is right.
  case unfollowBegun(Pair)
  case unfollow(Pair)
  case likeBegun(Pair)
  case likeRefused(Pair, status: Int)
  case like(Pair)
  case unlikeBegun(Pair)
  case unlike(Pair)
  case waitlist(email: String)
  /// Uploaded bytes, and under which key they were acknowledged.
  case photo(key: String, bytesHash: String)

  /// Whether it stands for a write that was acknowledged.
  var isWrite: Bool {
    switch self {
    case .run, .postBegun, .postRefused, .followBegun, .followRefused, .unfollowBegun, .likeBegun,
      .likeRefused,
      .unlikeBegun:
      false
    case .account, .post, .follow, .unfollow, .like, .unlike, .waitlist, .photo: true
    }
  }

  /// The record as one line of JSON, without the line's end.
  var line: String {
    switch self {
    case .run(let target, let seed, let announces):
      FlatJSON.object([
        "kind": "run", "target": target, "seed": String(seed), "announces": announces ? "writes" : "",
      ])
    case .account(let name): FlatJSON.object(["kind": "account", "name": name])
    case .post(let id, let author, let hash):
      FlatJSON.object(["kind": "post", "id": id, "author": author, "textHash": hash])
    case .postBegun(let key, let author, let hash):
      FlatJSON.object(["kind": "postBegun", "key": key, "author": author, "textHash": hash])
    case .postRefused(let key, let status):
      FlatJSON.object(["kind": "postRefused", "key": key, "status": String(status)])
    case .followBegun(let pair): Self.line("followBegun", pair)
    case .followRefused(let pair, let status): Self.line("followRefused", pair, status)
    case .follow(let pair): Self.line("follow", pair)
    case .unfollowBegun(let pair): Self.line("unfollowBegun", pair)
    case .unfollow(let pair): Self.line("unfollow", pair)
    case .likeBegun(let pair): Self.line("likeBegun", pair)
    case .likeRefused(let pair, let status): Self.line("likeRefused", pair, status)
    case .like(let pair): Self.line("like", pair)
    case .unlikeBegun(let pair): Self.line("unlikeBegun", pair)
    case .unlike(let pair): Self.line("unlike", pair)
    case .waitlist(let email): FlatJSON.object(["kind": "waitlist", "email": email])
    case .photo(let key, let hash): FlatJSON.object(["kind": "photo", "key": key, "bytesHash": hash])
    }
  }

  private static func line(_ kind: String, _ pair: Pair) -> String {
    FlatJSON.object(["kind": kind, "subject": pair.subject, "object": pair.object])
  }

  private static func line(_ kind: String, _ pair: Pair, _ status: Int) -> String {
    FlatJSON.object(["kind": kind, "subject": pair.subject, "object": pair.object, "status": String(status)])
  }
}

extension LedgerRecord: Decodable {
  private enum Key: String, CodingKey {
    case kind, target, seed, announces, name, id, key, status, author, textHash, subject, object, email,
      bytesHash
  }

  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: Key.self)
    func text(_ key: Key) throws -> String { try members.decode(String.self, forKey: key) }
    func status() throws -> Int { Int(try text(.status)) ?? 0 }
    func pair() throws -> Pair { Pair(subject: try text(.subject), object: try text(.object)) }
    switch try text(.kind) {
    case "run":
      // Earlier versions did not announce, and had no such member.
      let announces = try members.decodeIfPresent(String.self, forKey: .announces) == "writes"
      self = .run(target: try text(.target), seed: UInt64(try text(.seed)) ?? 0, announces: announces)
    case "account": self = .account(name: try text(.name))
    case "post":
      self = .post(id: try text(.id), author: try text(.author), textHash: try text(.textHash))
    case "postBegun":
      self = .postBegun(key: try text(.key), author: try text(.author), textHash: try text(.textHash))
    case "postRefused": self = .postRefused(key: try text(.key), status: try status())
    case "followBegun": self = .followBegun(try pair())
    case "followRefused": self = .followRefused(try pair(), status: try status())
    case "follow": self = .follow(try pair())
    case "unfollowBegun": self = .unfollowBegun(try pair())
    case "unfollow": self = .unfollow(try pair())
    case "likeBegun": self = .likeBegun(try pair())
    case "likeRefused": self = .likeRefused(try pair(), status: try status())
    case "like": self = .like(try pair())
    case "unlikeBegun": self = .unlikeBegun(try pair())
    case "unlike": self = .unlike(try pair())
    case "waitlist": self = .waitlist(email: try text(.email))
    case "photo": self = .photo(key: try text(.key), bytesHash: try text(.bytesHash))
    case let kind:
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: members, debugDescription: "'\(kind)' is no kind of record")
    }
  }
}
