-- How often the password was changed: sessions are begun with a version of it, and end with it.
ALTER TABLE accounts ADD COLUMN credentials BIGINT NOT NULL DEFAULT 0;
