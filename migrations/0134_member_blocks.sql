-- +goose Up
-- owner: block
-- oldest: 127
-- Members that another member has blocked: their messages are hidden.
CREATE TABLE member_blocks (
  community_id key_text NOT NULL,
  blocker_id   key_text NOT NULL, -- the member that blocks
  blocked_id   key_text NOT NULL,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, blocker_id, blocked_id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX member_blocks_blocked ON member_blocks (community_id, blocked_id);
