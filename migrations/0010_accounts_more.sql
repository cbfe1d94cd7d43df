-- +goose Up
-- Pending registrations with unconfirmed addresses. Addresses that already have
-- an account get a row with a token that is never sent, so that both cases take
-- the same time.
CREATE TABLE registrations (
  token_hash    key_text NOT NULL PRIMARY KEY,
  email         TEXT NOT NULL,
  email_key     key_text NOT NULL,
  username      TEXT NOT NULL,
  username_key  key_text NOT NULL,
  first_name    TEXT NOT NULL,
  last_name     TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL
);
CREATE INDEX registrations_email ON registrations (email_key);
CREATE INDEX registrations_end ON registrations (expires_at);

-- Name of the person, the initial name in communities they join.
ALTER TABLE accounts ADD COLUMN first_name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN display_name TEXT NOT NULL DEFAULT '';

-- A limited session is bound to a community: another system, named by host,
-- signed the member in.
ALTER TABLE sessions ADD COLUMN community_id key_text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN host TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_community ON sessions (community_id, account_id) WHERE community_id <> '';
CREATE INDEX sessions_end ON sessions (expires_at);

-- session_id is the id of the session that the link starts.
ALTER TABLE one_time_links ADD COLUMN session_id key_text NOT NULL DEFAULT '';
ALTER TABLE one_time_links ADD COLUMN community_id key_text NOT NULL DEFAULT '';
ALTER TABLE one_time_links ADD COLUMN host TEXT NOT NULL DEFAULT '';
CREATE INDEX one_time_links_account ON one_time_links (account_id, purpose);

ALTER TABLE api_keys ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE api_keys ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE user_api_keys (
  account_id  key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  id          key_text NOT NULL,
  name        TEXT NOT NULL,
  key_hash    key_text NOT NULL UNIQUE,
  hint        TEXT NOT NULL,
  permissions json_text NOT NULL,
  channels    json_text NOT NULL,
  active      BOOLEAN NOT NULL,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  used_at     BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
