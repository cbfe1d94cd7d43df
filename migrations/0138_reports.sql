-- +goose Up
-- owner: report
-- oldest: 127
-- Reports of messages, one for each reported message.
CREATE TABLE reports (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  message_id   key_text NOT NULL,
  author_id    key_text NOT NULL, -- of the message; '' after erasure, and of the system
  source       key_text NOT NULL, -- member, alert_word
  status       key_text NOT NULL, -- open, resolved
  action       key_text NOT NULL, -- dismiss, delete, warn, suspend, ban; '': open
  reason       TEXT NOT NULL,     -- of the action; '' after erasure of the author
  actor        key_text NOT NULL, -- of the action, as in audit_log
  actor_name   TEXT NOT NULL,     -- at that time
  penalty_id   key_text NOT NULL, -- that the action imposed; '': none
  resolved_at  BIGINT NOT NULL,   -- 0: open
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX reports_message ON reports (community_id, message_id);
CREATE INDEX reports_status ON reports (community_id, status, id);
CREATE INDEX reports_author ON reports (community_id, author_id);
CREATE INDEX reports_actor ON reports (community_id, actor);

-- The reporters of a message.
CREATE TABLE report_reporters (
  community_id key_text NOT NULL,
  report_id    key_text NOT NULL,
  user_id      key_text NOT NULL, -- an erased member has a random id
  reason       TEXT NOT NULL,     -- '' after erasure
  reported_at  BIGINT NOT NULL,
  PRIMARY KEY (community_id, report_id, user_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX report_reporters_user ON report_reporters (community_id, user_id);
