-- +goose Up
-- New email addresses of accounts, pending confirmation, at most one per account.
-- token_hash is the hash of the link in the mail to that address.
CREATE TABLE email_changes (
  account_id key_text NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  email      TEXT NOT NULL,
  email_key  key_text NOT NULL,
  token_hash key_text NOT NULL UNIQUE,
  created_at BIGINT NOT NULL, -- Unix milliseconds
  expires_at BIGINT NOT NULL
);
CREATE INDEX email_changes_end ON email_changes (expires_at);

-- Devices that signed in again with their cookie rank before others; and a cookie
-- is looked up without an account.
ALTER TABLE sign_in_places ADD COLUMN returned BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX sign_in_places_place ON sign_in_places (place);

-- Accounts besides the creator that limit the rights of the current and the
-- previous secret of a key: references as in created_by, separated by spaces. A
-- rotation by another person adds that person.
ALTER TABLE api_keys ADD COLUMN bound_by TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN old_bound_by TEXT NOT NULL DEFAULT '';
