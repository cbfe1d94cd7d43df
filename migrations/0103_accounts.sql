-- +goose Up
-- owner: account
-- Accounts of people; they become members of communities.
CREATE TABLE accounts (
  number             {sqlite: INTEGER}{postgres: BIGINT} PRIMARY KEY, -- the small id in the API, from user_numbers
  id                 key_text NOT NULL UNIQUE,
  email              TEXT NOT NULL,
  email_key          key_text NOT NULL UNIQUE, -- normalised, as are all columns *_key
  email_verified_at  BIGINT NOT NULL DEFAULT 0, -- 0: unconfirmed
  username           TEXT NOT NULL,
  username_key       key_text NOT NULL UNIQUE,
  password_hash      TEXT NOT NULL DEFAULT '',
  first_name         TEXT NOT NULL DEFAULT '',
  last_name          TEXT NOT NULL DEFAULT '',
  display_name       TEXT NOT NULL DEFAULT '', -- the initial name in communities they join
  language           key_text NOT NULL DEFAULT '', -- a BCP 47 tag; '': that of the browser
  installation_owner BOOLEAN NOT NULL DEFAULT FALSE,
  signed_in_at       BIGINT NOT NULL DEFAULT 0,
  created_at         BIGINT NOT NULL,
  updated_at         BIGINT NOT NULL
);
CREATE INDEX accounts_password ON accounts (number) WHERE password_hash <> '';

-- The numbers of accounts and members come from one sequence.
{postgres: CREATE SEQUENCE user_numbers;}
{sqlite: CREATE TABLE user_numbers (last BIGINT NOT NULL);}
{sqlite: INSERT INTO user_numbers (last) VALUES (0);}

-- owner: account/session
-- A session of an account, or a limited one of a member: another system, named by
-- host, signed the member in to the community. The member may have no account.
CREATE TABLE sessions (
  id           key_text NOT NULL PRIMARY KEY,
  token_hash   key_text NOT NULL UNIQUE,
  account_id   key_text REFERENCES accounts(id) ON DELETE CASCADE,
  community_id key_text NOT NULL, -- '' of an account
  user_id      key_text NOT NULL, -- '' of an account
  host         TEXT NOT NULL,
  key_id       key_text NOT NULL, -- the API key that created the sign-in link; else ''
  user_agent   TEXT NOT NULL,
  address      TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  seen_at      BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_member ON sessions (community_id, user_id) WHERE community_id <> '';
CREATE INDEX sessions_key ON sessions (key_id) WHERE key_id <> '';
CREATE INDEX sessions_end ON sessions (expires_at);

-- owner: account/link
-- Links that work once: first setup, password reset, confirmation of an address,
-- sign-in from the command line or by another system.
CREATE TABLE one_time_links (
  token_hash   key_text NOT NULL PRIMARY KEY,
  purpose      TEXT NOT NULL,
  account_id   key_text NOT NULL, -- '' of a member
  session_id   key_text NOT NULL, -- the id of the session that the link starts
  community_id key_text NOT NULL, -- of a limited session, as in sessions; else ''
  user_id      key_text NOT NULL,
  host         TEXT NOT NULL,
  key_id       key_text NOT NULL,
  email        TEXT NOT NULL,     -- the address that the link was mailed to; '' if it was not
  email_key    key_text NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL
);
CREATE INDEX one_time_links_account ON one_time_links (account_id, purpose);
CREATE INDEX one_time_links_email ON one_time_links (email_key) WHERE email_key <> '';
CREATE INDEX one_time_links_key ON one_time_links (key_id) WHERE key_id <> '';

-- Registrations with unconfirmed addresses, the newest of each address. An address
-- that already has an account gets a row with a token that is never sent, so that
-- both cases take the same time.
CREATE TABLE registrations (
  token_hash    key_text NOT NULL PRIMARY KEY,
  email         TEXT NOT NULL,
  email_key     key_text NOT NULL,
  username      TEXT NOT NULL,
  username_key  key_text NOT NULL,
  first_name    TEXT NOT NULL,
  last_name     TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  language      key_text NOT NULL,
  password_hash TEXT NOT NULL,
  contested     BOOLEAN NOT NULL, -- it replaced one with another password, see account.Accounts.Register
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX registrations_email ON registrations (email_key);
CREATE INDEX registrations_end ON registrations (expires_at);

-- New email addresses that are not confirmed, at most one per account.
CREATE TABLE email_changes (
  account_id key_text NOT NULL PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
  email      TEXT NOT NULL,
  email_key  key_text NOT NULL,
  token_hash key_text NOT NULL UNIQUE, -- of the link in the mail to the new address
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX email_changes_end ON email_changes (expires_at);

-- owner: account/totp
-- Two-factor authentication with an authenticator app.
CREATE TABLE account_totp (
  account_id     key_text NOT NULL PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
  secret         TEXT NOT NULL,   -- sealed; not hashed, because codes are computed from it
  last_used_step BIGINT NOT NULL, -- 30-second step of the last accepted code, so that no code works twice
  created_at     BIGINT NOT NULL,
  confirmed_at   BIGINT NOT NULL  -- 0: not in use yet
);

-- A row is deleted when its code is used.
CREATE TABLE recovery_codes (
  account_id key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  code_hash  key_text NOT NULL,
  PRIMARY KEY (account_id, code_hash)
);

-- owner: account/passkey
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

-- owner: account/provider
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

-- owner: account/flow
-- State of sign-ins with several steps.
CREATE TABLE sign_in_steps (
  token_hash key_text NOT NULL PRIMARY KEY,
  kind       TEXT NOT NULL,
  account_id key_text NOT NULL, -- '' until the account is known
  data       TEXT NOT NULL,     -- sealed
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_steps_account ON sign_in_steps (account_id);
CREATE INDEX sign_in_steps_end ON sign_in_steps (expires_at);

-- owner: account/throttle
-- Failed sign-ins per account, name and address, for delays.
CREATE TABLE sign_in_failures (
  subject        key_text NOT NULL PRIMARY KEY,
  failures       BIGINT NOT NULL,
  last_failed_at BIGINT NOT NULL
);

-- Devices and networks of successful sign-ins: hashes only.
CREATE TABLE known_clients (
  account_id key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  client     key_text NOT NULL, -- "device:" or "network:" and a hash
  seen_at    BIGINT NOT NULL,
  repeated   BOOLEAN NOT NULL,  -- used more than once; displaced after those used once
  PRIMARY KEY (account_id, client)
);
CREATE INDEX known_clients_client ON known_clients (client);
CREATE INDEX known_clients_seen ON known_clients (seen_at);
