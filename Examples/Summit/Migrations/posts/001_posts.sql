-- Posts live in the shard of their author. The author's names are copied here: there are no joins across databases.
CREATE TABLE posts (
  shard BIGINT NOT NULL,
  id BIGINT NOT NULL,
  author_id BIGINT NOT NULL,
  author_name TEXT NOT NULL,
  author_display_name TEXT NOT NULL,
  text TEXT NOT NULL,
  photo TEXT,
  like_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (shard, id)
);
CREATE INDEX posts_by_author ON posts (shard, author_id, id);
CREATE INDEX posts_by_likes ON posts (like_count, id);

-- Who likes a post, in the post's shard, so that the count beside it changes in the same transaction.
CREATE TABLE likes (
  shard BIGINT NOT NULL,
  post_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  PRIMARY KEY (shard, post_id, account_id)
);

-- The post that an Idempotency-Key has made, in the author's shard.
CREATE TABLE post_keys (
  shard BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  key TEXT NOT NULL,
  post_id BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (shard, account_id, key)
);
CREATE INDEX post_keys_by_age ON post_keys (shard, account_id, created_at_ms);
