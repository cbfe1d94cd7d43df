-- +goose Up
-- The new email address of an account that waits for its confirmation, at most
-- one per account. token_hash is of the link in the mail to that address.
CREATE TABLE email_changes (
  account_id key_text NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  email      TEXT NOT NULL,
  email_key  key_text NOT NULL,
  token_hash key_text NOT NULL UNIQUE,
  created_at BIGINT NOT NULL, -- Unix milliseconds
  expires_at BIGINT NOT NULL
);
CREATE INDEX email_changes_end ON email_changes (expires_at);

-- A device that signed in again with its cookie stays before devices that never
-- came back; and a cookie is looked up without the name of an account.
ALTER TABLE sign_in_places ADD COLUMN returned BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX sign_in_places_place ON sign_in_places (place);

-- The persons beside the creator whose rights the present secret of a key, and
-- the one before, stay within: references as in created_by, with spaces between
-- them. A rotation by another person than the creator adds that person.
ALTER TABLE api_keys ADD COLUMN bound_by TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN old_bound_by TEXT NOT NULL DEFAULT '';
