-- +goose Up
-- Two-factor authentication: the secret shared with an authenticator app,
-- sealed and not hashed because codes are computed from it. used_step is the 30-second step of
-- the last accepted code, so that no code works twice.
CREATE TABLE account_totp (
  account_id   key_text NOT NULL PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
  secret       TEXT NOT NULL,
  used_step    BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  confirmed_at BIGINT NOT NULL
);

-- Recovery codes; a row is deleted when its code is used.
CREATE TABLE recovery_codes (
  account_id key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  code_hash  key_text NOT NULL,
  PRIMARY KEY (account_id, code_hash)
);

CREATE TABLE passkeys (
  id            key_text NOT NULL PRIMARY KEY,
  account_id    key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  credential_id key_text NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  credential    TEXT NOT NULL,
  sign_count    BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  used_at       BIGINT NOT NULL
);
CREATE INDEX passkeys_account ON passkeys (account_id);

-- Accounts at OpenID Connect providers.
CREATE TABLE provider_identities (
  issuer     key_text NOT NULL,
  subject    key_text NOT NULL,
  account_id key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  email      TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX provider_identities_account ON provider_identities (account_id);

-- State of a sign-in with several steps; account_id is empty until the account
-- is known.
CREATE TABLE sign_in_steps (
  token_hash key_text NOT NULL PRIMARY KEY,
  kind       TEXT NOT NULL,
  account_id key_text NOT NULL,
  data       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_steps_account ON sign_in_steps (account_id);
CREATE INDEX sign_in_steps_end ON sign_in_steps (expires_at);
