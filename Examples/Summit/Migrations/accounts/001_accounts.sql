-- Who has an account. An account lives in the shard of its name.
CREATE TABLE accounts (
  shard BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (shard, id)
);
CREATE UNIQUE INDEX accounts_by_name ON accounts (shard, name);

-- Which account an address belongs to, in the shard of the address: that is what keeps addresses unique.
CREATE TABLE emails (
  shard BIGINT NOT NULL,
  email TEXT NOT NULL,
  account_name TEXT NOT NULL,
  claimed_at_ms BIGINT NOT NULL,
  PRIMARY KEY (shard, email)
);
