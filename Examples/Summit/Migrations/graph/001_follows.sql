-- Who follows whom, in the shard of the follower.
CREATE TABLE follows (
  shard BIGINT NOT NULL,
  follower_id BIGINT NOT NULL,
  followee_id BIGINT NOT NULL,
  followee_name TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (shard, follower_id, followee_id)
);
