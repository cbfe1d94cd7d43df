-- +goose Up
-- owner: media
-- Pictures, re-encoded from uploads.
CREATE TABLE media (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  file_id      key_text NOT NULL, -- of the stored file
  kind         TEXT NOT NULL,     -- avatar, logo
  user_id      key_text NOT NULL, -- the member it belongs to; '' of the community
  type         TEXT NOT NULL,     -- image/png, image/jpeg, image/gif
  width        BIGINT NOT NULL,
  height       BIGINT NOT NULL,
  size_bytes   BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX media_user ON media (community_id, user_id);
CREATE INDEX media_file ON media (file_id);
