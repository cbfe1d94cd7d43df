-- +goose Up
-- owner: note
-- Private notes of staff on members.
CREATE TABLE member_notes (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  user_id      key_text NOT NULL, -- the member
  text         TEXT NOT NULL,
  actor        key_text NOT NULL, -- the author, as in audit_log
  actor_name   TEXT NOT NULL,     -- at that time, '' after erasure
  version      BIGINT NOT NULL,   -- from 1, incremented by each update
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX member_notes_user ON member_notes (community_id, user_id, id);
