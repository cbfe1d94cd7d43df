-- +goose Up
-- owner: readstate
-- oldest: 127
-- How far members have read. Without a row a member has read what was posted before
-- they joined.
CREATE TABLE read_markers (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  channel_id   key_text NOT NULL, -- of a channel or a conversation
  last_read_id key_text NOT NULL, -- of a message
  PRIMARY KEY (community_id, user_id, channel_id)
) {sqlite: WITHOUT ROWID};

-- What members have set for channels. Without a row a channel is not muted.
CREATE TABLE channel_preferences (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  channel_id   key_text NOT NULL, -- of a channel or a conversation
  muted        BOOLEAN NOT NULL,
  notify       key_text NOT NULL, -- all, mentions, none
  PRIMARY KEY (community_id, user_id, channel_id)
) {sqlite: WITHOUT ROWID};

-- Unread messages are counted in this index alone.
CREATE INDEX messages_unread ON messages (community_id, channel_id, deleted_at, id, hushed, author_id);
