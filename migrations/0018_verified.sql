-- +goose Up
-- When the person showed that the address is theirs; 0: nobody has. Whoever
-- made an account for an address is not proven to be who reads its mail.
ALTER TABLE accounts ADD COLUMN email_verified_at BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET email_verified_at = created_at WHERE password_hash <> '' OR installation_owner
  OR id IN (SELECT account_id FROM provider_identities);
