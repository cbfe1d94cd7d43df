-- +goose Up
-- owner: chat
CREATE TABLE channel_categories (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  name         TEXT NOT NULL,
  position     BIGINT NOT NULL,  -- from 0, no two the same
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);

CREATE TABLE channels (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  topic        TEXT NOT NULL,
  type         key_text NOT NULL, -- open, announcement, whisper, forum, direct, iframe
  description  TEXT NOT NULL,
  category_id  key_text NOT NULL, -- '' in none
  url          TEXT NOT NULL,     -- of an iframe channel; else ''
  position     BIGINT NOT NULL,   -- from 0 within the category, no two the same
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);

-- Overrides of a channel for a role or a member; subject_id is the id of either.
-- They are deleted with the channel and with the role.
CREATE TABLE channel_overrides (
  community_id key_text NOT NULL,
  channel_id   key_text NOT NULL,
  subject_id   key_text NOT NULL,
  role_id      key_text, -- NULL: it is a member's
  allow        json_text NOT NULL,
  deny         json_text NOT NULL,
  PRIMARY KEY (community_id, channel_id, subject_id),
  FOREIGN KEY (community_id, channel_id) REFERENCES channels(community_id, id) ON DELETE CASCADE,
  FOREIGN KEY (community_id, role_id) REFERENCES roles(community_id, id) ON DELETE CASCADE
);
CREATE INDEX channel_overrides_role ON channel_overrides (community_id, role_id);
