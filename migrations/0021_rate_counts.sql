-- +goose Up
-- Counters of rate limits, by a hash of action and subject. There are two
-- windows, the one that began at began_at and the one before it.
CREATE TABLE rate_counts (
  subject  key_text NOT NULL PRIMARY KEY,
  began_at BIGINT NOT NULL,
  taken    BIGINT NOT NULL, -- in the window
  earlier  BIGINT NOT NULL, -- in the one before
  ends_at  BIGINT NOT NULL  -- when both windows have expired
);
CREATE INDEX rate_counts_end ON rate_counts (ends_at);
