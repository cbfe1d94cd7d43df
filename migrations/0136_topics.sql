-- +goose Up
-- owner: message/topic
-- oldest: 127
-- Topics of forums.
CREATE TABLE topics (
  community_id    key_text NOT NULL,
  id              key_text NOT NULL,
  channel_id      key_text NOT NULL, -- of a forum
  author_id       key_text NOT NULL, -- member; '' after erasure
  title           TEXT NOT NULL,
  tags            json_text NOT NULL, -- array of texts
  pinned          BOOLEAN NOT NULL,
  locked          BOOLEAN NOT NULL,   -- only managers of messages post in it
  message_count   BIGINT NOT NULL,    -- messages and replies that are not deleted
  last_message_at BIGINT NOT NULL,    -- of the newest of them; at first the creation
  version         BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX topics_latest ON topics (community_id, channel_id, pinned, last_message_at, id);
CREATE INDEX topics_new ON topics (community_id, channel_id, pinned, id);
CREATE INDEX topics_top ON topics (community_id, channel_id, pinned, message_count, id);
CREATE INDEX topics_author ON topics (community_id, author_id);
