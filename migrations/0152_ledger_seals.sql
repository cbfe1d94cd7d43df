-- +goose Up
-- owner: ledger/chain
-- oldest: 127
-- Each seal continues the hash chain over the entries that it covers, in the order of their ids.
CREATE TABLE ledger_seals (
  community_id key_text NOT NULL,
  number       BIGINT NOT NULL,   -- from 1
  hash         key_text NOT NULL, -- after the last entry, in hex
  last_id      key_text NOT NULL, -- last entry
  entries      BIGINT NOT NULL,   -- number of entries of all seals up to this one
  verified     BOOLEAN NOT NULL,  -- the chain was recomputed up to here
  created_at   BIGINT NOT NULL,   -- Unix milliseconds
  PRIMARY KEY (community_id, number)
) {sqlite: WITHOUT ROWID};
CREATE INDEX ledger_seals_verified ON ledger_seals (community_id, number) WHERE verified;

-- Verifications from the start, which run as jobs.
CREATE TABLE ledger_verifications (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  result       TEXT,             -- JSON; NULL while it runs
  created_at   BIGINT NOT NULL,  -- Unix milliseconds
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX ledger_verifications_created ON ledger_verifications (created_at);
