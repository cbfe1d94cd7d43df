-- +goose Up
-- owner: progress/milestone
-- oldest: 127
-- Milestones of communities. A deleted one stays as long as its completions.
CREATE TABLE milestones (
  community_id    key_text NOT NULL,
  id              key_text NOT NULL,
  name            TEXT NOT NULL,
  group_name      key_text NOT NULL,
  place           BIGINT NOT NULL,    -- in its group
  description     TEXT NOT NULL,
  conditions      json_text NOT NULL,
  counts_earned   BOOLEAN NOT NULL,   -- a condition counts what members earned
  xp              BIGINT NOT NULL,    -- that a completion pays
  coins           BIGINT NOT NULL,
  badge_id        key_text NOT NULL,  -- that a completion awards; '': none
  boost_tenths    BIGINT NOT NULL,    -- the factor of the boost; 0: no boost
  boost_hours     BIGINT NOT NULL,    -- from the start of a member; 0: always
  starts_at       BIGINT NOT NULL,    -- 0: no start
  ends_at         BIGINT NOT NULL,    -- 0: no end
  enabled         BOOLEAN NOT NULL,
  completed_count BIGINT NOT NULL,    -- members
  version         BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  deleted_at      BIGINT NOT NULL,    -- 0: not deleted
  PRIMARY KEY (community_id, id)
);
CREATE INDEX milestones_present ON milestones (community_id, group_name, place, id) WHERE deleted_at = 0;

-- owner: progress/milestone
-- The check of all members for the milestones of a community.
CREATE TABLE milestone_evaluations (
  community_id key_text NOT NULL,
  state        key_text NOT NULL, -- running, done, failed
  again        BOOLEAN NOT NULL,  -- another check follows
  checked      BIGINT NOT NULL,   -- members
  completed    BIGINT NOT NULL,   -- milestones of members
  after_user   key_text NOT NULL, -- the last checked member
  started_at   BIGINT NOT NULL,
  finished_at  BIGINT NOT NULL,   -- 0: running
  PRIMARY KEY (community_id)
) {sqlite: WITHOUT ROWID};

-- owner: progress/completion
-- Milestones that members have completed.
CREATE TABLE milestone_completions (
  community_id key_text NOT NULL,
  milestone_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  completed_at BIGINT NOT NULL,
  boosted      BOOLEAN NOT NULL,
  xp           BIGINT NOT NULL,   -- that the completion paid
  coins        BIGINT NOT NULL,
  badge_id     key_text NOT NULL, -- that it awarded; '': none
  PRIMARY KEY (community_id, milestone_id, user_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX milestone_completions_user ON milestone_completions (community_id, user_id);
