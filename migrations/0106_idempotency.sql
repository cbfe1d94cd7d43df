-- +goose Up
-- owner: idempotency
-- Requests with an Idempotency-Key.
CREATE TABLE idempotency_keys (
  scope        key_text NOT NULL, -- principal, community and route
  key          key_text NOT NULL,
  fingerprint  key_text NOT NULL, -- of the request
  token        key_text NOT NULL, -- of the request with the reservation
  state        key_text NOT NULL, -- running (reserved), committed (the change, perhaps not the response), done
  permanent    BOOLEAN NOT NULL,  -- never expires
  secret       BOOLEAN NOT NULL,  -- the response contained a secret and is not stored
  status       BIGINT NOT NULL,
  header       json_text NOT NULL,
  body         bytes NOT NULL,
  created_at   BIGINT NOT NULL,
  locked_until BIGINT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at) WHERE NOT permanent;
