// The rows of posts and their likes.

import HeightsKit

/// The database `posts`, and the work of the service.
struct PostsStore: Posts {
  static let pageSize = 20
  /// For how long the same Idempotency-Key means the same post.
  private static let keyMs: Int64 = 24 * 3_600_000
  /// Popular posts are of the last seven days.
  private static let popularMs: Int64 = 7 * 24 * 3_600_000

  let database: Database

  // MARK: Reading

  /// What a post is made of; whether the reader likes it is told by the statement that reads it.
  private static func columns(for reader: Identifier?) -> SQL {
    let post: SQL = "posts.id, author_name, author_display_name, text, photo, like_count"
    guard let reader else { return "\(sql: post), 0" }
    return """
      \(sql: post), (
        SELECT count(*) FROM likes
        WHERE likes.shard = posts.shard AND likes.post_id = posts.id AND account_id = \(reader))
      """
  }

  func with(id: Identifier, for reader: Identifier?) async throws -> Post? {
    try await database.first(
      """
      SELECT \(sql: PostsStore.columns(for: reader))
      FROM posts WHERE shard = \(id.shard) AND id = \(id)
      """, Post.init)
  }

  /// The newest posts of one author, older than `before`.
  func by(
    _ author: Identifier, before: Identifier?, for reader: Identifier? = nil, limit: Int
  ) async throws -> [Post] {
    try await database.query(
      """
      SELECT \(sql: PostsStore.columns(for: reader))
      FROM posts WHERE shard = \(author.shard) AND author_id = \(author) AND id < \(before?.value ?? Int64.max)
      ORDER BY id DESC LIMIT \(limit)
      """, Post.init)
  }

  func page(by author: Identifier, before: Identifier?, for reader: Identifier?) async throws -> Page<Post> {
    let posts = try await by(author, before: before, for: reader, limit: PostsStore.pageSize + 1)
    return Page(newestFirst: posts, size: PostsStore.pageSize)
  }

  /// The newest posts of several authors.
  ///
  /// Where as many authors as a page has posts have written since some moment, nothing older is on it. So what is read are the
  /// latest post of each author, and of those who wrote last what may be on the page: never more than a page of one.
  func page(by authors: [Identifier], before: Identifier?, for reader: Identifier?) async throws -> Page<Post>
  {
    let (before, size) = (before?.value ?? Int64.max, PostsStore.pageSize)
    let posts = try await database.query(for: authors, merging: { $0.id > $1.id }) { authors in
      """
      WITH authors (shard, id) AS (VALUES \(rows: authors)),
        latest (shard, author_id, id) AS MATERIALIZED (
          SELECT authors.shard, authors.id, (
            SELECT max(posts.id) FROM posts
            WHERE posts.shard = authors.shard AND author_id = authors.id AND posts.id < \(before))
          FROM authors),
        oldest (id) AS MATERIALIZED (
          SELECT COALESCE((
            SELECT id FROM latest WHERE id IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET \(size)), 0)),
        shown (shard, author_id, oldest_id) AS MATERIALIZED (
          SELECT latest.shard, author_id, COALESCE((
            SELECT posts.id FROM posts
            WHERE posts.shard = latest.shard AND posts.author_id = latest.author_id
              AND posts.id >= oldest.id AND posts.id < \(before)
            ORDER BY posts.id DESC LIMIT 1 OFFSET \(size)), oldest.id)
          FROM oldest CROSS JOIN latest WHERE latest.id >= oldest.id)
      SELECT \(sql: PostsStore.columns(for: reader))
      FROM shown CROSS JOIN posts
      WHERE posts.shard = shown.shard AND posts.author_id = shown.author_id
        AND posts.id >= shown.oldest_id AND posts.id < \(before)
      ORDER BY posts.id DESC LIMIT \(size + 1)
      """
    } _: {
      try Post(row: $0)
    }
    return Page(newestFirst: posts, size: size)
  }

  func popular(after cursor: PopularCursor?, for reader: Identifier?) async throws -> Page<Post> {
    let oldest = Identifier.first(ofMs: wallClockMs() - PostsStore.popularMs)
    let (likes, before) = (cursor?.likes ?? Int64.max, cursor?.id.value ?? Int64.max)
    let posts = try await database.everywhere.query(
      """
      SELECT \(sql: PostsStore.columns(for: reader))
      FROM posts WHERE (like_count, id) < (\(likes), \(before)) AND id >= \(oldest)
      ORDER BY like_count DESC, id DESC LIMIT \(PostsStore.pageSize + 1)
      """, merging: { ($0.likeCount, $0.id) > ($1.likeCount, $1.id) }, Post.init)
    guard posts.count > PostsStore.pageSize else { return Page(items: posts, next: nil) }
    let last = posts[PostsStore.pageSize - 1]
    return Page(
      items: Array(posts.prefix(PostsStore.pageSize)),
      next: PopularCursor(likes: last.likeCount, id: last.id).description)
  }

  func isLiked(_ post: Identifier, by account: Identifier) async throws -> Bool {
    try await database.first(
      "SELECT 1 FROM likes WHERE shard = \(post.shard) AND post_id = \(post) AND account_id = \(account)"
    ) { _ in true } ?? false
  }

  // MARK: Writing

  func create(_ post: NewPost) async throws -> Published {
    try await database.transaction { transaction in
      if let key = post.key, let made = try await PostsStore.made(with: key, by: post.author.id, transaction)
      {
        return Published(post: made, isNew: false)
      }
      let created = try await PostsStore.insert(post, transaction)
      if let key = post.key {
        try await PostsStore.remember(key, of: post.author.id, created.id, transaction)
      }
      return Published(post: created, isNew: true)
    }
  }

  private static func insert(_ post: NewPost, _ transaction: Transaction) async throws -> Post {
    let shard = post.author.id.shard
    let created = try await transaction.first(
      """
      INSERT INTO posts (shard, id, author_id, author_name, author_display_name, text, photo)
      VALUES (\(shard), next_id(\(shard)), \(post.author.id), \(post.author.name), \(post.author.displayName),
        \(post.text), \(post.photo))
      RETURNING \(sql: PostsStore.columns(for: nil))
      """, Post.init)
    guard let created else { throw DatabaseError.gone("the new post was not returned") }
    return created
  }

  private static func made(
    with key: String, by author: Identifier, _ transaction: Transaction
  ) async throws -> Post? {
    try await transaction.first(
      """
      SELECT \(sql: PostsStore.columns(for: nil))
      FROM post_keys JOIN posts ON posts.shard = post_keys.shard AND posts.id = post_keys.post_id
      WHERE post_keys.shard = \(author.shard) AND account_id = \(author) AND key = \(key)
      """, Post.init)
  }

  private static func remember(
    _ key: String, of author: Identifier, _ post: Identifier, _ transaction: Transaction
  ) async throws {
    try await transaction.execute(
      """
      DELETE FROM post_keys WHERE shard = \(author.shard) AND account_id = \(author)
      AND created_at_ms < \(wallClockMs() - keyMs)
      """)
    try await transaction.execute(
      """
      INSERT INTO post_keys (shard, account_id, key, post_id, created_at_ms)
      VALUES (\(author.shard), \(author), \(key), \(post), \(wallClockMs()))
      """)
  }

  /// The count changes with it, once.
  func setLike(_ likes: Bool, _ post: Identifier, by account: Identifier) async throws -> Bool {
    try await database.transaction { transaction in
      let exists = try await transaction.first(
        "SELECT 1 FROM posts WHERE shard = \(post.shard) AND id = \(post)"
      ) { _ in true }
      guard exists == true else { return false }
      let changed = try await transaction.execute(
        likes
          ? """
          INSERT INTO likes (shard, post_id, account_id) VALUES (\(post.shard), \(post), \(account))
          ON CONFLICT DO NOTHING
          """
          : "DELETE FROM likes WHERE shard = \(post.shard) AND post_id = \(post) AND account_id = \(account)")
      try await transaction.execute(
        """
        UPDATE posts SET like_count = like_count + \(likes ? changed : -changed)
        WHERE shard = \(post.shard) AND id = \(post)
        """)
      return true
    }
  }
}

extension Post {
  fileprivate init(row: Row) throws {
    id = try row.identifier(0)
    authorName = try row.text(1)
    authorDisplayName = try row.text(2)
    text = try row.text(3)
    photo = try row.optionalText(4)
    likeCount = try row.int(5)
    isLiked = try row.bool(6)
  }
}

extension Page where Item == Post {
  /// - Parameter posts: one more than a page where there are more.
  fileprivate init(newestFirst posts: [Post], size: Int) {
    items = Array(posts.prefix(size))
    next = posts.count > size ? posts[size - 1].id.description : nil
  }
}
