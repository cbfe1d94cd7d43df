-- +goose Up
-- Which key the secrets in this database are sealed with: a hash of it, so that
-- a node with another key is told. renewed: all secrets are sealed with it.
CREATE TABLE secret_key (
  slot    key_text NOT NULL PRIMARY KEY CHECK (slot = 'one'),
  key_id  key_text NOT NULL,
  since   BIGINT NOT NULL,
  renewed BOOLEAN NOT NULL
);
