-- +goose Up
-- One request that carried an Idempotency-Key, by principal, community, route
-- and key. state: running (reserved), committed (the change is in, the answer
-- perhaps not), done.
CREATE TABLE idempotency_keys (
  scope       key_text NOT NULL,
  key         key_text NOT NULL,
  fingerprint key_text NOT NULL,
  token       key_text NOT NULL, -- of the request that holds the reservation
  state       key_text NOT NULL,
  forever     BOOLEAN NOT NULL,
  secret      BOOLEAN NOT NULL,  -- the answer held one and was not kept
  status      BIGINT NOT NULL,
  header      json_text NOT NULL,
  body        bytes NOT NULL,
  created_at  BIGINT NOT NULL,
  held_until  BIGINT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at) WHERE NOT forever;
