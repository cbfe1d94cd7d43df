-- +goose Up
-- How often something was tried lately, by whom or at whom: a hash of both. Two
-- windows are kept, the one that began at began_at and the one before it.
CREATE TABLE rate_counts (
  subject  key_text NOT NULL PRIMARY KEY,
  began_at BIGINT NOT NULL,
  taken    BIGINT NOT NULL, -- in the window
  earlier  BIGINT NOT NULL, -- in the one before
  ends_at  BIGINT NOT NULL  -- when neither counts any more
);
CREATE INDEX rate_counts_end ON rate_counts (ends_at);
