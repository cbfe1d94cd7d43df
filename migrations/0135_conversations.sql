-- +goose Up
-- owner: direct
-- oldest: 127
-- Conversations between a few members.
CREATE TABLE conversations (
  community_id     key_text NOT NULL,
  id               key_text NOT NULL,
  participants_key key_text NOT NULL, -- hash of the set of participants; the id after the erasure of one
  last_message_id  key_text NOT NULL, -- '' before the first message
  sort_key         key_text NOT NULL, -- the id of the last message, or of the conversation: ids are in order of time
  created_at       BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE UNIQUE INDEX conversations_participants ON conversations (community_id, participants_key);

-- Participants of a conversation.
CREATE TABLE conversation_members (
  community_id    key_text NOT NULL,
  conversation_id key_text NOT NULL,
  user_id         key_text NOT NULL,
  PRIMARY KEY (community_id, conversation_id, user_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX conversation_members_user ON conversation_members (community_id, user_id, conversation_id);
