-- +goose Up
-- owner: ledger/economy
-- oldest: 127
-- What was credited and debited on each day of a community, of the entries that are sealed.
CREATE TABLE ledger_totals (
  community_id key_text NOT NULL,
  unit         key_text NOT NULL,
  day          BIGINT NOT NULL,   -- of the posting: number of the day since 1970 in the zone of that time
  source_type  key_text NOT NULL,
  credited     BIGINT NOT NULL,
  debited      BIGINT NOT NULL,
  entries      BIGINT NOT NULL,   -- number of entries
  PRIMARY KEY (community_id, unit, day, source_type)
) {sqlite: WITHOUT ROWID};
INSERT INTO ledger_totals (community_id, unit, day, source_type, credited, debited, entries)
  SELECT community_id, unit, created_at / 86400000, source_type, CAST(SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS BIGINT), COUNT(*)
  FROM ledger_entries WHERE seal IS NOT NULL GROUP BY community_id, unit, created_at / 86400000, source_type;
