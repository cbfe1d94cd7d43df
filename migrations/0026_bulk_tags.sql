-- +goose Up
-- Tags created by a bulk job, until it is undone or its details expire; line is
-- the first row of the file with the tag.
CREATE TABLE bulk_tags (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  tag_id       key_text NOT NULL,
  line         BIGINT NOT NULL,
  PRIMARY KEY (community_id, job_id, tag_id)
);
