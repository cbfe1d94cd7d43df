-- +goose Up
-- Members have their own email, username and number. account_id is the account
-- of a claimed member, '' if unclaimed: the community then has only the data that
-- it was given.
ALTER TABLE members ADD COLUMN account_id key_text NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN email_key key_text NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN username TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN username_key key_text NOT NULL DEFAULT '';

-- Accounts created by others, never used and without a confirmed address.
CREATE TABLE unclaimed_accounts AS SELECT a.id FROM accounts a
  WHERE a.password_hash = '' AND a.signed_in_at = 0 AND a.email_verified_at = 0 AND NOT a.installation_owner
  AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.account_id = a.id)
  AND NOT EXISTS (SELECT 1 FROM provider_identities p WHERE p.account_id = a.id)
  AND NOT EXISTS (SELECT 1 FROM user_api_keys k WHERE k.account_id = a.id)
  AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = a.id AND m.owner);
CREATE UNIQUE INDEX unclaimed_accounts_id ON unclaimed_accounts (id);

DELETE FROM members WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = members.user_id);
UPDATE members SET account_id = CASE WHEN EXISTS (SELECT 1 FROM unclaimed_accounts u WHERE u.id = members.user_id) THEN '' ELSE members.user_id END,
  number = a.number, email = a.email, email_key = a.email_key, username = a.username, username_key = a.username_key
  FROM accounts a WHERE a.id = members.user_id;

CREATE UNIQUE INDEX members_email ON members (community_id, email_key);
CREATE UNIQUE INDEX members_username ON members (community_id, username_key);
CREATE UNIQUE INDEX members_number ON members (community_id, number);
CREATE UNIQUE INDEX members_account ON members (account_id, community_id) WHERE account_id <> '';

-- A limited session belongs to a member, with or without an account.
CREATE TABLE new_sessions (
  id           key_text NOT NULL PRIMARY KEY,
  token_hash   key_text NOT NULL UNIQUE,
  account_id   key_text REFERENCES accounts(id) ON DELETE CASCADE,
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  host         TEXT NOT NULL,
  key_id       key_text NOT NULL,
  user_agent   TEXT NOT NULL,
  address      TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  seen_at      BIGINT NOT NULL
);
INSERT INTO new_sessions (id, token_hash, account_id, community_id, user_id, host, key_id, user_agent, address, created_at, expires_at, seen_at)
SELECT id, token_hash, CASE WHEN account_id IN (SELECT id FROM unclaimed_accounts) THEN NULL ELSE account_id END,
  community_id, CASE WHEN community_id = '' THEN '' ELSE account_id END, host, key_id, user_agent, address, created_at, expires_at, seen_at
FROM sessions WHERE community_id <> '' OR account_id NOT IN (SELECT id FROM unclaimed_accounts);
DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_member ON sessions (community_id, user_id) WHERE community_id <> '';
CREATE INDEX sessions_end ON sessions (expires_at);
CREATE INDEX sessions_key ON sessions (key_id) WHERE key_id <> '';
-- Links for members, also for those without an account.
ALTER TABLE one_time_links ADD COLUMN user_id key_text NOT NULL DEFAULT '';
ALTER TABLE one_time_links ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE one_time_links ADD COLUMN email_key key_text NOT NULL DEFAULT '';
CREATE INDEX one_time_links_email ON one_time_links (email_key) WHERE email_key <> '';
UPDATE one_time_links SET user_id = account_id, account_id = '' WHERE community_id <> '';

DELETE FROM accounts WHERE id IN (SELECT id FROM unclaimed_accounts);
DROP TABLE unclaimed_accounts;
ALTER TABLE accounts DROP COLUMN communities;

-- Last activity of a member in this community, and the start of its session.
CREATE TABLE member_visits (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  seen_at      BIGINT NOT NULL,
  signed_in_at BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id)
);

-- Declined memberships, by a hash of the address: the person is added again only
-- by accepting an invite.
CREATE TABLE member_declines (
  community_id key_text NOT NULL,
  email_hash   key_text NOT NULL,
  declined_at  BIGINT NOT NULL,
  PRIMARY KEY (community_id, email_hash)
);

-- Links in mail of a community to decline or accept a membership. user_id is
-- empty for an invite to a non-member.
CREATE TABLE member_links (
  token_hash   key_text NOT NULL PRIMARY KEY,
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  email        TEXT NOT NULL,
  email_hash   key_text NOT NULL,
  invite_code  key_text NOT NULL,
  created_at   BIGINT NOT NULL
);
CREATE INDEX member_links_member ON member_links (community_id, user_id);
