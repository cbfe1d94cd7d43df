-- +goose Up
-- A person on this installation. number is the small id of the wire, counted
-- by the engine: the pair of files differs in nothing else.
CREATE TABLE accounts (
  number        INTEGER PRIMARY KEY,
  id            key_text NOT NULL UNIQUE,
  email         TEXT NOT NULL,
  email_key     key_text NOT NULL UNIQUE,
  username      TEXT NOT NULL,
  username_key  key_text NOT NULL UNIQUE,
  password_hash TEXT NOT NULL DEFAULT '',
  installation_owner BOOLEAN NOT NULL DEFAULT FALSE,
  communities   BIGINT NOT NULL DEFAULT 0,
  signed_in_at  BIGINT NOT NULL DEFAULT 0,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);
-- Tells at once whether anybody can sign in; imported accounts are not in it.
CREATE INDEX accounts_password ON accounts (number) WHERE password_hash <> '';

CREATE TABLE sessions (
  id         key_text NOT NULL PRIMARY KEY,
  token_hash key_text NOT NULL UNIQUE,
  account_id key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  user_agent TEXT NOT NULL,
  address    TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);

-- Links that work once: first set-up, sign-in from the command line.
CREATE TABLE one_time_links (
  token_hash key_text NOT NULL PRIMARY KEY,
  purpose    TEXT NOT NULL,
  account_id key_text NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- Failed sign-ins, counted by account and by address.
CREATE TABLE sign_in_failures (
  subject    key_text NOT NULL PRIMARY KEY,
  failures   BIGINT NOT NULL,
  last_at    BIGINT NOT NULL
);
