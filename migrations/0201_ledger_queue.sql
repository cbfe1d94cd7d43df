-- +goose Up
-- owner: ledger/queue
-- oldest: 200
-- Each call of the ledger puts its entries into this queue, and a seal moves them from it. Before, the seal
-- rewrote each entry. No release has sealed entries, so no older program works beside this one.
CREATE TABLE ledger_unsealed (
  community_id key_text NOT NULL,
  id           key_text NOT NULL, -- first entry
  ids          bytes NOT NULL,    -- all entries, 12 bytes each
  entries      BIGINT NOT NULL,   -- their number
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
INSERT INTO ledger_unsealed (community_id, id, ids, entries)
  SELECT community_id, MIN(id), {sqlite: unhex(group_concat(id, ''))}{postgres: decode(string_agg(id, ''), 'hex')}, COUNT(*) FROM ledger_entries WHERE seal IS NULL GROUP BY community_id;
-- The entries of the seal, 12 bytes each.
ALTER TABLE ledger_seals ADD COLUMN ids bytes;
UPDATE ledger_seals SET ids = (SELECT {sqlite: unhex(group_concat(e.id, ''))}{postgres: decode(string_agg(e.id, ''), 'hex')} FROM ledger_entries e
  WHERE e.community_id = ledger_seals.community_id AND e.seal = ledger_seals.number);
DROP INDEX ledger_entries_unsealed;
DROP INDEX ledger_entries_seal;
ALTER TABLE ledger_entries DROP COLUMN seal;
{sqlite: INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('ledger_unsealed', 'ledger_unsealed', '1000000 1000000 1');}
{sqlite: ANALYZE sqlite_schema;}
