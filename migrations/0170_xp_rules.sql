-- +goose Up
-- owner: progress/rule
-- oldest: 127
-- The versions of the XP rules of a community. An event pays by the version of its own time.
CREATE TABLE xp_settings (
  community_id key_text NOT NULL,
  version      BIGINT NOT NULL, -- from 2; 1 are the defaults
  valid_from   BIGINT NOT NULL, -- Unix milliseconds, ascending
  settings     TEXT NOT NULL,   -- JSON
  PRIMARY KEY (community_id, version)
) {sqlite: WITHOUT ROWID};

-- Recent payments, for cooldowns and daily caps.
CREATE TABLE xp_payments (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  action       key_text NOT NULL,
  paid_at      BIGINT NOT NULL,   -- time of the fact, Unix milliseconds
  source_id    key_text NOT NULL,
  day          BIGINT NOT NULL,   -- of the fact, since 1970
  PRIMARY KEY (community_id, user_id, action, paid_at, source_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX xp_payments_day ON xp_payments (day);
