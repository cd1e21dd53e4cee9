// The service `posts`: posts and their likes.

import HeightsKit

/// What the rest of Summit asks of it.
protocol Posts: Sendable {
  func with(id: Identifier) async throws -> Post?
  func page(by author: Identifier, before: Identifier?) async throws -> Page<Post>
  /// The newest posts of several authors.
  func page(by authors: [Identifier], before: Identifier?) async throws -> Page<Post>
  /// The posts with the most likes.
  func popular(after cursor: PopularCursor?) async throws -> Page<Post>
  /// Which of the posts somebody likes.
  func liked(_ posts: [Identifier], by account: Identifier) async throws -> Set<Identifier>
  func isLiked(_ post: Identifier, by account: Identifier) async throws -> Bool
  /// A key that was used before gives the post that it made.
  func create(_ post: NewPost) async throws -> Published
  /// Notes that somebody likes a post, or no longer does.
  /// - Returns: whether there is such a post.
  func setLike(_ likes: Bool, _ post: Identifier, by account: Identifier) async throws -> Bool
}
