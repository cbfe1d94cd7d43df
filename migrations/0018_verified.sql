-- +goose Up
-- Time at which the email address was confirmed; 0: unconfirmed. Creating an
-- account for an address does not confirm it.
ALTER TABLE accounts ADD COLUMN email_verified_at BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET email_verified_at = created_at WHERE password_hash <> '' OR installation_owner
  OR id IN (SELECT account_id FROM provider_identities);
