-- +goose Up
-- Audit log of actions in a community; append-only.
CREATE TABLE audit_log (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  at           BIGINT NOT NULL,
  actor        key_text NOT NULL, -- account:<id>, key:<id>, command
  actor_name   TEXT NOT NULL,     -- at the time of the action
  action       key_text NOT NULL, -- noun.verb
  target_type  key_text NOT NULL,
  target_id    key_text NOT NULL,
  target_name  TEXT NOT NULL,     -- at the time of the action
  changes      json_text NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX audit_log_actor ON audit_log (community_id, actor, id);
CREATE INDEX audit_log_action ON audit_log (community_id, action, id);
