// The service `posts`: posts and their likes.

import HeightsKit

/// What the rest of Summit asks of it. Where a reader is named, posts say whether they like them: asked together, for the
/// service may be on another host.
protocol Posts: Sendable {
  func with(id: Identifier, for reader: Identifier?) async throws -> Post?
  func page(by author: Identifier, before: Identifier?, for reader: Identifier?) async throws -> Page<Post>
  /// The newest posts of several authors.
  func page(by authors: [Identifier], before: Identifier?, for reader: Identifier?) async throws -> Page<Post>
  /// The posts with the most likes.
  func popular(after cursor: PopularCursor?, for reader: Identifier?) async throws -> Page<Post>
  func isLiked(_ post: Identifier, by account: Identifier) async throws -> Bool
  /// A key that was used before gives the post that it made.
  func create(_ post: NewPost) async throws -> Published
  /// Notes that somebody likes a post, or no longer does.
  /// - Returns: whether there is such a post.
  func setLike(_ likes: Bool, _ post: Identifier, by account: Identifier) async throws -> Bool
}
