-- +goose Up
-- Tags that a bulk job created, until it is undone or its details expire; line
-- is the row of the file that named the tag first.
CREATE TABLE bulk_tags (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  tag_id       key_text NOT NULL,
  line         BIGINT NOT NULL,
  PRIMARY KEY (community_id, job_id, tag_id)
);
