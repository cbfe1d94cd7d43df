-- +goose Up
-- owner: seal
-- Hash of the key that seals the secrets in this database, to detect a node with
-- another key.
CREATE TABLE secret_key (
  slot       key_text NOT NULL PRIMARY KEY CHECK (slot = 'one'),
  key_id     key_text NOT NULL,
  changed_at BIGINT NOT NULL,
  rotated    BOOLEAN NOT NULL -- all secrets are sealed with it
);
