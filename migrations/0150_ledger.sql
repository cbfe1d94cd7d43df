-- +goose Up
-- owner: ledger
-- oldest: 127
-- The only link between the random holder of entries and a member. Erasure deletes the row.
CREATE TABLE ledger_holders (
  community_id key_text NOT NULL,
  holder       key_text NOT NULL, -- 32 hex digits: the time of the first entry, then random ones
  user_id      key_text NOT NULL, -- member
  PRIMARY KEY (community_id, holder)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX ledger_holders_user ON ledger_holders (community_id, user_id);

-- What each holder has of each unit. It can be proved from entries, lots and holds.
CREATE TABLE ledger_balances (
  community_id key_text NOT NULL,
  holder       key_text NOT NULL,
  unit         key_text NOT NULL, -- xp, coins, premium
  posted       BIGINT NOT NULL,   -- sum of the entries
  held         BIGINT NOT NULL,   -- sum of the open holds
  last_id      key_text NOT NULL, -- newest entry; '': none
  next_due     BIGINT NOT NULL,   -- when a lot or a hold ends next, Unix milliseconds; the greatest number: never
  PRIMARY KEY (community_id, holder, unit),
  CHECK (posted >= 0 AND held >= 0 AND held <= posted)
) {sqlite: WITHOUT ROWID};
CREATE INDEX ledger_balances_due ON ledger_balances (next_due, community_id) WHERE next_due < 9223372036854775807;
CREATE INDEX ledger_balances_posted ON ledger_balances (community_id, unit, posted, holder);

-- Entries are never changed, but for the seal that covers them and the reason after an erasure.
CREATE TABLE ledger_entries (
  community_id  key_text NOT NULL,
  id            key_text NOT NULL, -- in the order of posting for each balance
  holder        key_text NOT NULL,
  unit          key_text NOT NULL,
  amount        BIGINT NOT NULL,   -- positive: credit
  balance_after BIGINT NOT NULL,
  counter       key_text NOT NULL, -- the account on the other side: issue, sales, expiry, reversal, breakage
  reason        TEXT NOT NULL,
  source_type   key_text NOT NULL,
  source_id     key_text NOT NULL,
  part          BIGINT NOT NULL,
  lot_id        key_text NOT NULL, -- the lot that a credit made; '': none
  expires_at    BIGINT NOT NULL,   -- of that lot; 0: never, or none
  reversal_of   key_text NOT NULL, -- entry; '': none
  hold_id       key_text NOT NULL, -- the hold that a capture ends; '': none
  lots          TEXT NOT NULL,     -- [[lot, amount], ...]
  occurred_at   BIGINT NOT NULL,   -- of the rewarded fact, Unix milliseconds
  created_at    BIGINT NOT NULL,   -- Unix milliseconds
  seal          BIGINT,            -- number of the seal; NULL: not yet sealed
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX ledger_entries_source ON ledger_entries (community_id, source_type, source_id, holder, unit, part);
CREATE INDEX ledger_entries_holder ON ledger_entries (community_id, holder, unit, id);
CREATE INDEX ledger_entries_unsealed ON ledger_entries (community_id, id) WHERE seal IS NULL;
CREATE INDEX ledger_entries_seal ON ledger_entries (community_id, seal, id) WHERE seal IS NOT NULL;

-- Each credit makes a lot, which debits use up.
CREATE TABLE ledger_lots (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  holder       key_text NOT NULL,
  unit         key_text NOT NULL,
  amount       BIGINT NOT NULL,
  remaining    BIGINT NOT NULL,
  held         BIGINT NOT NULL,  -- part of remaining
  expires_at   BIGINT NOT NULL,  -- the first instant at which it cannot be spent, Unix milliseconds; the greatest number: never
  created_at   BIGINT NOT NULL,
  expiries     BIGINT NOT NULL,  -- number of entries that ended a part of it
  PRIMARY KEY (community_id, id),
  CHECK (remaining >= 0 AND remaining <= amount AND held >= 0 AND held <= remaining)
) {sqlite: WITHOUT ROWID};
CREATE INDEX ledger_lots_open ON ledger_lots (community_id, holder, unit, expires_at, created_at, id, remaining, held) WHERE remaining > 0;

CREATE TABLE ledger_holds (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  holder       key_text NOT NULL,
  unit         key_text NOT NULL,
  amount       BIGINT NOT NULL,
  captured     BIGINT NOT NULL,
  status       key_text NOT NULL, -- open, captured, released, expired
  reason       TEXT NOT NULL,
  lots         TEXT NOT NULL,     -- [[lot, amount], ...] in the order of spending
  expires_at   BIGINT NOT NULL,   -- Unix milliseconds
  created_at   BIGINT NOT NULL,
  ended_at     BIGINT NOT NULL,   -- 0: open
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX ledger_holds_holder ON ledger_holds (community_id, holder, unit, ended_at, expires_at);

-- What members earned on each day of the community, by the time of the rewarded facts.
CREATE TABLE ledger_days (
  community_id key_text NOT NULL,
  holder       key_text NOT NULL,
  unit         key_text NOT NULL,
  day          BIGINT NOT NULL, -- number of the day since 1970
  earned       BIGINT NOT NULL, -- credits without refunds, less their reversals
  PRIMARY KEY (community_id, holder, unit, day)
) {sqlite: WITHOUT ROWID};
CREATE INDEX ledger_days_day ON ledger_days (community_id, unit, day, earned, holder);
