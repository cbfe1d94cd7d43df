-- +goose Up
-- Time of the last change of state (0: creation), and the previous state for a
-- restore.
ALTER TABLE members ADD COLUMN state_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN state_before TEXT NOT NULL DEFAULT '';
-- Id of the member in another system (unique by member_identifiers), and the
-- referrer given at creation.
ALTER TABLE members ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN referral TEXT NOT NULL DEFAULT '';
-- Id of a picture in media; '': none.
ALTER TABLE members ADD COLUMN avatar key_text NOT NULL DEFAULT '';
CREATE INDEX members_deleted ON members (state_at) WHERE state = 'deleted';

-- Pictures, re-encoded from uploads. file_id is the id of the stored file.
CREATE TABLE media (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  file_id      key_text NOT NULL,
  kind         TEXT NOT NULL,     -- what it is for: avatar, logo
  owner_id     key_text NOT NULL, -- the member it belongs to; '' of the community
  type         TEXT NOT NULL,     -- image/png, image/jpeg, image/gif
  width        BIGINT NOT NULL,
  height       BIGINT NOT NULL,
  size_bytes   BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX media_file ON media (file_id);
CREATE INDEX media_owner ON media (community_id, owner_id);

CREATE INDEX audit_log_target ON audit_log (community_id, target_id, id);
