// Posts, and pages of them.

import HeightsKit

/// Something that somebody wrote.
struct Post: Codable, Sendable {
  let id: Identifier
  let authorName: String
  let authorDisplayName: String
  let text: String
  /// The key of the photo in the object store.
  let photo: String?
  let likeCount: Int64
  /// Whether the reader likes it; false where nobody is said to read.
  let isLiked: Bool
}

/// A post that isn't stored yet.
struct NewPost: Codable, Sendable {
  let author: Account
  let text: String
  let photo: String?
  /// The client's name for this attempt: the same twice makes one post.
  let key: String?
}

/// What came of a new post.
struct Published: Codable, Sendable {
  let post: Post
  /// False where its key had made this post already.
  let isNew: Bool
}

/// A page of a list, and where the next one begins.
struct Page<Item: Sendable>: Sendable {
  let items: [Item]
  let next: String?
}

extension Page: Codable where Item: Codable {}

/// Where a page of popular posts begins.
struct PopularCursor: Codable, LosslessStringConvertible {
  let likes: Int64
  let id: Identifier

  init(likes: Int64, id: Identifier) {
    self.likes = likes
    self.id = id
  }

  init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let likes = Int64(parts[0]), likes >= 0, let id = Identifier(String(parts[1]))
    else { return nil }
    self.init(likes: likes, id: id)
  }

  var description: String { "\(likes)-\(id)" }
}
