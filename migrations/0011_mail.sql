-- +goose Up
-- Outgoing mail, deleted some time after it was sent. subject and bodies are
-- rendered; they are cleared when no longer needed.
CREATE TABLE mail_outbox (
  id           key_text NOT NULL PRIMARY KEY,
  community_id key_text NOT NULL,
  address      TEXT NOT NULL,
  name         TEXT NOT NULL,
  language     key_text NOT NULL,
  template     key_text NOT NULL,
  subject      TEXT NOT NULL,
  body_text    TEXT NOT NULL,
  body_html    TEXT NOT NULL,
  state        key_text NOT NULL, -- waiting, sent, kept, failed, expired
  error        TEXT NOT NULL,     -- reason why it is not sent
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,   -- 0: never
  ended_at     BIGINT NOT NULL    -- 0: waiting
);
CREATE INDEX mail_outbox_community ON mail_outbox (community_id, id);
CREATE INDEX mail_outbox_ended ON mail_outbox (ended_at);

-- Preferred language, a BCP 47 tag; empty: the language of the browser.
ALTER TABLE accounts ADD COLUMN language key_text NOT NULL DEFAULT '';
