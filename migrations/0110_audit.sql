-- +goose Up
-- owner: audit
-- Audit log of a community; append-only. Names are those at the time of the
-- action, '' after erasure.
CREATE TABLE audit_log (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  occurred_at  BIGINT NOT NULL,
  actor        key_text NOT NULL, -- account:<id>, member:<id>, key:<id>, command
  actor_name   TEXT NOT NULL,
  action       key_text NOT NULL, -- noun.verb
  target_type  key_text NOT NULL,
  target_id    key_text NOT NULL,
  target_name  TEXT NOT NULL,
  changes      json_text NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX audit_log_actor ON audit_log (community_id, actor, id);
CREATE INDEX audit_log_action ON audit_log (community_id, action, id);
CREATE INDEX audit_log_target ON audit_log (community_id, target_id, id);
