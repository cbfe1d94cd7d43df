-- +goose Up
-- Tags that are about to be deleted if no member has them. A row is deleted with
-- the write that gives its tag to a member.
CREATE TABLE tag_watches (
  community_id key_text NOT NULL,
  tag_id       key_text NOT NULL,
  PRIMARY KEY (community_id, tag_id)
);

-- The nodes that lack what a job needs, such as its file, as ' id id ', and
-- until when they leave it to others.
ALTER TABLE jobs ADD COLUMN refused_by TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN refused_until BIGINT NOT NULL DEFAULT 0;
