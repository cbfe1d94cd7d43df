-- +goose Up
-- Messages that were asked for, until some time after they were sent. subject
-- and the bodies are as the recipient sees them; they are emptied when nobody
-- needs them any more.
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
  error        TEXT NOT NULL,     -- why it has not been sent
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,   -- 0: never
  ended_at     BIGINT NOT NULL    -- 0: waiting
);
CREATE INDEX mail_outbox_community ON mail_outbox (community_id, id);
CREATE INDEX mail_outbox_ended ON mail_outbox (ended_at);

-- The language a person wants, a BCP 47 tag; empty: what the browser asks for.
ALTER TABLE accounts ADD COLUMN language key_text NOT NULL DEFAULT '';
