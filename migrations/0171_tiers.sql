-- +goose Up
-- owner: progress/level
-- oldest: 127
-- The tiers of a community, and the job that moves its members after a change.
CREATE TABLE tier_settings (
  community_id     key_text NOT NULL PRIMARY KEY,
  version          BIGINT NOT NULL,
  enabled          BOOLEAN NOT NULL,
  show_levels      BOOLEAN NOT NULL,
  show_tiers       BOOLEAN NOT NULL,
  demote           BOOLEAN NOT NULL, -- members fall with their XP
  tiers            TEXT NOT NULL,    -- JSON, in the order of thresholds
  recomputing      BOOLEAN NOT NULL,
  recomputed_until key_text NOT NULL, -- the last member that the job has moved
  base             TEXT NOT NULL     -- JSON: where members without a position were before the change
) {sqlite: WITHOUT ROWID};

-- Where members are, and the highest place they ever had. Members without a row are where
-- 0 XP are.
CREATE TABLE tier_positions (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  tier_id      key_text NOT NULL, -- '': below the first threshold
  level        BIGINT NOT NULL,   -- 1 to 3; 0: below
  best_tier_id key_text NOT NULL,
  best_level   BIGINT NOT NULL,
  role_id      key_text NOT NULL, -- the role that the tier granted; ''; none, or removed by hand
  PRIMARY KEY (community_id, user_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX tier_positions_tier ON tier_positions (community_id, tier_id, user_id);
CREATE INDEX tier_positions_role ON tier_positions (community_id, role_id, user_id) WHERE role_id <> '';
