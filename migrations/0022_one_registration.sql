-- +goose Up
-- An address has one pending registration, the newest one. contested: it
-- replaced one with another password, see account.Accounts.Register.
DELETE FROM registrations WHERE EXISTS (SELECT 1 FROM registrations newer WHERE newer.email_key = registrations.email_key
  AND (newer.created_at, newer.token_hash) > (registrations.created_at, registrations.token_hash));
DROP INDEX registrations_email;
CREATE UNIQUE INDEX registrations_email ON registrations (email_key);
ALTER TABLE registrations ADD COLUMN contested BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE registrations ADD COLUMN language key_text NOT NULL DEFAULT '';
