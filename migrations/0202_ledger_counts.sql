-- +goose Up
-- owner: ledger
-- oldest: 200
-- The number of entries of a balance, so that a page of them counts nothing.
ALTER TABLE ledger_balances ADD COLUMN entries BIGINT NOT NULL DEFAULT 0;
UPDATE ledger_balances SET entries = (SELECT COUNT(*) FROM ledger_entries e
  WHERE e.community_id = ledger_balances.community_id AND e.holder = ledger_balances.holder AND e.unit = ledger_balances.unit);
