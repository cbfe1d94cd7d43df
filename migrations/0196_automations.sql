-- +goose Up
-- owner: automation
-- oldest: 127
-- Automations of communities. A deleted one stays as long as its log.
CREATE TABLE automations (
  community_id    key_text NOT NULL,
  id              key_text NOT NULL,
  name            TEXT NOT NULL,
  enabled         BOOLEAN NOT NULL,
  event           key_text NOT NULL,  -- the type of the events that trigger it
  include_imports BOOLEAN NOT NULL,   -- imported members trigger user.joined_server too
  condition       TEXT NOT NULL,      -- an expression; '': always
  actions         json_text NOT NULL,
  per_member      BIGINT NOT NULL,    -- firings for a member; 0: any number
  per_day         BIGINT NOT NULL,    -- firings for a member on a day; 0: any number
  after_sequence  BIGINT NOT NULL,    -- the last event before the last enabling
  version         BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  deleted_at      BIGINT NOT NULL,    -- 0: not deleted
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX automations_enabled ON automations (community_id, event, id) WHERE enabled AND deleted_at = 0;
CREATE INDEX automations_deleted ON automations (deleted_at) WHERE deleted_at > 0;

-- owner: automation/firing
-- The log of automations.
CREATE TABLE automation_log (
  community_id  key_text NOT NULL,
  automation_id key_text NOT NULL,
  id            key_text NOT NULL,
  event_id      key_text NOT NULL,
  user_id       key_text NOT NULL,  -- '': the event has no member
  outcome       key_text NOT NULL,  -- done, skipped, failed
  reason        TEXT NOT NULL,      -- a code; '': done
  actions       json_text NOT NULL, -- with their results
  at            BIGINT NOT NULL,
  PRIMARY KEY (community_id, automation_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX automation_log_outcome ON automation_log (community_id, automation_id, outcome, id);
CREATE INDEX automation_log_user ON automation_log (community_id, user_id);
CREATE INDEX automation_log_at ON automation_log (at);

-- How often automations have fired for members.
CREATE TABLE automation_counts (
  community_id  key_text NOT NULL,
  automation_id key_text NOT NULL,
  user_id       key_text NOT NULL,
  day           BIGINT NOT NULL,  -- of the community; 0: all days
  firings       BIGINT NOT NULL,
  skipped       BOOLEAN NOT NULL, -- the log says that the limit was reached
  PRIMARY KEY (community_id, automation_id, user_id, day)
) {sqlite: WITHOUT ROWID};
CREATE INDEX automation_counts_user ON automation_counts (community_id, user_id);
CREATE INDEX automation_counts_day ON automation_counts (day) WHERE day > 0;

-- How far the members of the import that is being handled have been handled.
CREATE TABLE automation_imports (
  community_id key_text NOT NULL,
  event_id     key_text NOT NULL,
  done         BIGINT NOT NULL, -- members
  PRIMARY KEY (community_id)
) {sqlite: WITHOUT ROWID};
