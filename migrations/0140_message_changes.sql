-- +goose Up
-- owner: message/change
-- oldest: 127
-- Members that earlier and deleted texts mention, for their erasure.
CREATE TABLE message_history_mentions (
  community_id key_text NOT NULL,
  target       key_text NOT NULL, -- member
  message_id   key_text NOT NULL,
  text         TEXT NOT NULL,     -- as written, such as @ben
  PRIMARY KEY (community_id, target, message_id, text)
) {sqlite: WITHOUT ROWID};
CREATE INDEX message_history_mentions_message ON message_history_mentions (community_id, message_id);

CREATE INDEX message_images_file ON message_images (file_id);
