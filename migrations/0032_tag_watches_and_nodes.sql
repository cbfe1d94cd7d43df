-- +goose Up
-- Tags to delete if no member has them. A row is deleted when its tag is added
-- to a member.
CREATE TABLE tag_watches (
  community_id key_text NOT NULL,
  tag_id       key_text NOT NULL,
  PRIMARY KEY (community_id, tag_id)
);

-- Nodes without a resource of the job, such as its file, as ' id id ', and the
-- time until which they skip the job.
ALTER TABLE jobs ADD COLUMN refused_by TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN refused_until BIGINT NOT NULL DEFAULT 0;
