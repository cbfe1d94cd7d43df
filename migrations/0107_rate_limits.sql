-- +goose Up
-- owner: ratelimit
-- Counters of sliding windows.
CREATE TABLE rate_limit_counters (
  subject           key_text NOT NULL PRIMARY KEY, -- a hash of the action and its subject
  window_started_at BIGINT NOT NULL,
  current_count     BIGINT NOT NULL,
  previous_count    BIGINT NOT NULL, -- of the window before
  expires_at        BIGINT NOT NULL  -- when neither window counts
);
CREATE INDEX rate_limit_counters_end ON rate_limit_counters (expires_at);
