-- +goose Up
-- owner: progress/badge
-- oldest: 127
-- Badges of communities. A deleted one stays as long as its awards.
CREATE TABLE badges (
  community_id           key_text NOT NULL,
  id                     key_text NOT NULL,
  title                  TEXT NOT NULL,
  action                 key_text NOT NULL, -- custom, an action that is counted, or conditions
  quantity               BIGINT NOT NULL,   -- of the action
  conditions             json_text NOT NULL, -- of the action conditions; an empty object: none
  description            TEXT NOT NULL,
  image                  key_text NOT NULL, -- a picture; '': none
  dark_image             key_text NOT NULL,
  light_image            key_text NOT NULL,
  dark_and_light         BOOLEAN NOT NULL,  -- the theme decides between dark_image and light_image
  pays_xp                BOOLEAN NOT NULL,
  xp                     BIGINT NOT NULL,
  pays_coins             BOOLEAN NOT NULL,
  coins                  BIGINT NOT NULL,
  attachment_required    BOOLEAN NOT NULL,  -- of an application
  awarded_count          BIGINT NOT NULL,   -- members that have it
  evaluation_state       key_text NOT NULL, -- '', running, done, failed
  evaluation_checked     BIGINT NOT NULL,   -- members
  evaluation_awarded     BIGINT NOT NULL,   -- members
  evaluation_after       key_text NOT NULL, -- the last checked member
  evaluation_started_at  BIGINT NOT NULL,   -- 0: never
  evaluation_finished_at BIGINT NOT NULL,   -- 0: running, or never
  version                BIGINT NOT NULL,
  created_at             BIGINT NOT NULL,
  deleted_at             BIGINT NOT NULL,   -- 0: not deleted
  PRIMARY KEY (community_id, id)
);
CREATE INDEX badges_present ON badges (community_id, id) WHERE deleted_at = 0;

-- owner: progress/award
-- Awards of badges, also those that were removed.
CREATE TABLE badge_awards (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  badge_id     key_text NOT NULL,
  user_id      key_text NOT NULL,
  actor        key_text NOT NULL, -- as in audit_log; '': the conditions of the badge
  xp           BIGINT NOT NULL,   -- that the award paid
  coins        BIGINT NOT NULL,
  xp_entry     key_text NOT NULL, -- of the ledger; '': paid nothing
  coins_entry  key_text NOT NULL,
  awarded_at   BIGINT NOT NULL,
  removed_at   BIGINT NOT NULL,   -- 0: the member has the badge
  kept_reward  BOOLEAN NOT NULL,  -- the removal left the reward, so that another award pays nothing
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX badge_awards_present ON badge_awards (community_id, badge_id, user_id) WHERE removed_at = 0;
CREATE INDEX badge_awards_user ON badge_awards (community_id, user_id, id);
CREATE INDEX badge_awards_kept ON badge_awards (community_id, user_id, badge_id) WHERE kept_reward;

-- owner: progress/application
-- Applications of members for badges.
CREATE TABLE badge_applications (
  community_id    key_text NOT NULL,
  id              key_text NOT NULL,
  badge_id        key_text NOT NULL,
  user_id         key_text NOT NULL,
  text            TEXT NOT NULL,
  attachments     json_text NOT NULL, -- ids of pictures of the member
  status          key_text NOT NULL,  -- pending, approved, rejected
  reason          TEXT NOT NULL,
  decided_by      key_text NOT NULL,  -- as in audit_log; '': pending
  decided_by_name TEXT NOT NULL,      -- at that time; '' after erasure
  decided_at      BIGINT NOT NULL,    -- 0: pending
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX badge_applications_pending ON badge_applications (community_id, badge_id, user_id) WHERE status = 'pending';
CREATE INDEX badge_applications_status ON badge_applications (community_id, status, id);
CREATE INDEX badge_applications_user ON badge_applications (community_id, user_id, id);
CREATE INDEX badge_applications_decided_by ON badge_applications (community_id, decided_by);
