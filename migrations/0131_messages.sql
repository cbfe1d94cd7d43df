-- +goose Up
-- owner: message
-- oldest: 127
-- Messages of channels and of conversations, in the order of their ids.
CREATE TABLE messages (
  community_id key_text NOT NULL,
  channel_id   key_text NOT NULL, -- of a channel or a conversation
  id           key_text NOT NULL,
  kind         key_text NOT NULL, -- message, reply, analysis, system
  author_id    key_text NOT NULL, -- member; '' after erasure, and of the system
  text         TEXT NOT NULL,     -- Markdown; '' some time after deletion
  mentions     json_text NOT NULL, -- what the text names, with its place in the text
  parent_id    key_text NOT NULL, -- the root of a reply; else ''
  reply_to_id  key_text NOT NULL, -- the message that a reply answers; '' if it is the root
  topic_id     key_text NOT NULL, -- of a forum; else ''
  via_type     key_text NOT NULL, -- key, hook, automation; '': a person
  via_name     TEXT NOT NULL,     -- at that time
  hushed       BOOLEAN NOT NULL,  -- in a whisper channel: only whisperers, managers of messages and the author see it
  has_image    BOOLEAN NOT NULL,
  has_link     BOOLEAN NOT NULL,
  reply_count  BIGINT NOT NULL,
  pinned_at    BIGINT NOT NULL,   -- 0: not pinned
  edited_at    BIGINT NOT NULL,   -- 0: never
  deleted_at   BIGINT NOT NULL,   -- 0: not deleted; a deleted message with replies stays visible without its content
  posted_at    BIGINT NOT NULL,
  PRIMARY KEY (community_id, channel_id, id)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX messages_id ON messages (community_id, id);
CREATE INDEX messages_author ON messages (community_id, author_id, id);
CREATE INDEX messages_parent ON messages (community_id, parent_id, id) WHERE parent_id <> '';
CREATE INDEX messages_topic ON messages (community_id, topic_id, id) WHERE topic_id <> '';
CREATE INDEX messages_pinned ON messages (community_id, channel_id, pinned_at) WHERE pinned_at <> 0;
CREATE INDEX messages_deleted ON messages (deleted_at) WHERE deleted_at <> 0;

-- Numbers of visible messages of a channel, in shards to reduce contention.
CREATE TABLE message_counts (
  community_id key_text NOT NULL,
  channel_id   key_text NOT NULL,
  shard        BIGINT NOT NULL,
  total        BIGINT NOT NULL,
  PRIMARY KEY (community_id, channel_id, shard)
) {sqlite: WITHOUT ROWID};

-- Whom messages mention: a member, a role or everyone.
CREATE TABLE message_mentions (
  community_id key_text NOT NULL,
  channel_id   key_text NOT NULL,
  target       key_text NOT NULL, -- id of a member or a role, or 'all'
  message_id   key_text NOT NULL,
  notify       BOOLEAN NOT NULL,  -- the sender allowed it, and it is no later addition
  PRIMARY KEY (community_id, channel_id, target, message_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX message_mentions_message ON message_mentions (community_id, message_id);

-- owner: message/change
-- Earlier texts of messages, with what replaced them.
CREATE TABLE message_history (
  community_id key_text NOT NULL,
  message_id   key_text NOT NULL,
  id           key_text NOT NULL,
  kind         key_text NOT NULL, -- edited, deleted
  text         TEXT NOT NULL,     -- before
  actor        key_text NOT NULL, -- as in audit_log
  at           BIGINT NOT NULL,
  PRIMARY KEY (community_id, message_id, id)
) {sqlite: WITHOUT ROWID};

-- owner: message/post
-- Nonces of senders, kept for a day.
CREATE TABLE message_nonces (
  community_id key_text NOT NULL,
  channel_id   key_text NOT NULL,
  author_id    key_text NOT NULL,
  nonce        TEXT NOT NULL,
  message_id   key_text NOT NULL,
  fingerprint  key_text NOT NULL, -- of the request
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, channel_id, author_id, nonce)
) {sqlite: WITHOUT ROWID};
CREATE INDEX message_nonces_created ON message_nonces (created_at);

-- owner: message/reaction
-- Reactions, each kind of an emoji once for each member.
CREATE TABLE message_reactions (
  community_id key_text NOT NULL,
  message_id   key_text NOT NULL,
  emoji        TEXT NOT NULL,     -- folded
  user_id      key_text NOT NULL, -- an erased member has a random id
  reacted_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, message_id, emoji, user_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX message_reactions_user ON message_reactions (community_id, user_id);

-- owner: message/image
-- Images of messages.
CREATE TABLE message_images (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  owner_id     key_text NOT NULL, -- member; '': uploaded by a key and not sent yet
  uploaded_by  key_text NOT NULL, -- as in audit_log
  file_id      key_text NOT NULL,
  name         TEXT NOT NULL,     -- of the uploaded file
  type         key_text NOT NULL, -- image/png, image/jpeg
  size_bytes   BIGINT NOT NULL,
  width        BIGINT NOT NULL,
  height       BIGINT NOT NULL,
  uses         BIGINT NOT NULL,   -- messages that show it; 0: deleted a day after the upload
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX message_images_unused ON message_images (created_at) WHERE uses = 0;
CREATE INDEX message_images_owner ON message_images (community_id, owner_id);

CREATE TABLE message_attachments (
  community_id key_text NOT NULL,
  message_id   key_text NOT NULL,
  position     BIGINT NOT NULL,
  image_id     key_text NOT NULL,
  PRIMARY KEY (community_id, message_id, position)
) {sqlite: WITHOUT ROWID};
CREATE INDEX message_attachments_image ON message_attachments (community_id, image_id);

-- owner: message/post
-- When a member posted in a channel with slow mode for the last time.
CREATE TABLE slow_mode_posts (
  community_id key_text NOT NULL,
  channel_id   key_text NOT NULL,
  user_id      key_text NOT NULL,
  posted_at    BIGINT NOT NULL,
  PRIMARY KEY (community_id, channel_id, user_id)
) {sqlite: WITHOUT ROWID};

-- owner: member/tally
-- What members have written and reacted, for their figures. Conversations do not count.
CREATE TABLE message_totals (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  messages     BIGINT NOT NULL,
  replies      BIGINT NOT NULL,
  reactions    BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id)
) {sqlite: WITHOUT ROWID};
