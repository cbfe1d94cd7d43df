-- +goose Up
-- The secret before the last rotation, valid until old_until (Unix milliseconds).
ALTER TABLE api_keys ADD COLUMN old_hash key_text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN old_until BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX api_keys_old_hash ON api_keys (old_hash) WHERE old_hash <> '';

-- The API key that created a sign-in link, and the sessions started with one.
ALTER TABLE one_time_links ADD COLUMN key_id key_text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN key_id key_text NOT NULL DEFAULT '';
CREATE INDEX one_time_links_key ON one_time_links (key_id) WHERE key_id <> '';
CREATE INDEX sessions_key ON sessions (key_id) WHERE key_id <> '';

-- Devices and networks of successful sign-ins: hashes only.
CREATE TABLE sign_in_places (
  account_id key_text NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  place      key_text NOT NULL, -- "device:" or "network:" and a hash
  seen_at    BIGINT NOT NULL,   -- Unix milliseconds
  PRIMARY KEY (account_id, place)
);
CREATE INDEX sign_in_places_seen ON sign_in_places (seen_at);
