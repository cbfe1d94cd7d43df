-- +goose Up
-- Requests with an Idempotency-Key, by principal, community, route and key.
-- state: running (reserved), committed (the change, perhaps not the response),
-- done.
CREATE TABLE idempotency_keys (
  scope       key_text NOT NULL,
  key         key_text NOT NULL,
  fingerprint key_text NOT NULL,
  token       key_text NOT NULL, -- of the request with the reservation
  state       key_text NOT NULL,
  forever     BOOLEAN NOT NULL,
  secret      BOOLEAN NOT NULL,  -- the response contained a secret and is not stored
  status      BIGINT NOT NULL,
  header      json_text NOT NULL,
  body        bytes NOT NULL,
  created_at  BIGINT NOT NULL,
  held_until  BIGINT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at) WHERE NOT forever;
