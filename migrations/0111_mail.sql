-- +goose Up
-- owner: mail
-- Outgoing mail, deleted some time after it was sent.
CREATE TABLE mail_outbox (
  id           key_text NOT NULL PRIMARY KEY,
  community_id key_text NOT NULL, -- '' of the installation
  sender       key_text NOT NULL, -- account:<id> or key:<id>, for the quota of mail to unconfirmed addresses; else ''
  address      TEXT NOT NULL,
  name         TEXT NOT NULL,
  language     key_text NOT NULL,
  template     key_text NOT NULL,
  subject      TEXT NOT NULL,     -- rendered, as are the bodies; cleared when no longer needed
  body_text    TEXT NOT NULL,     -- sealed
  body_html    TEXT NOT NULL,     -- sealed
  state        key_text NOT NULL, -- waiting, throttled (by the quota), sent, kept (no mail server), failed, expired, stopped, held_back (over the limit of the recipient)
  error        TEXT NOT NULL,     -- why it is not sent
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,   -- 0: never
  ended_at     BIGINT NOT NULL    -- 0: waiting
);
CREATE INDEX mail_outbox_community ON mail_outbox (community_id, id);
CREATE INDEX mail_outbox_throttled ON mail_outbox (sender, community_id, id) WHERE state = 'throttled';
CREATE INDEX mail_outbox_ended ON mail_outbox (ended_at);
