-- +goose Up
-- owner: bulk/job
-- The stopped job; this job imports its unread rows. '': none.
ALTER TABLE bulk_jobs ADD COLUMN continues_job_id key_text NOT NULL DEFAULT '';
-- Rows of an undo with something that was kept.
ALTER TABLE bulk_jobs ADD COLUMN kept_rows BIGINT NOT NULL DEFAULT 0;
CREATE INDEX bulk_jobs_parent ON bulk_jobs (community_id, parent_job_id);
CREATE INDEX bulk_jobs_continued ON bulk_jobs (community_id, continues_job_id) WHERE continues_job_id <> '';

-- owner: bulk/newfield
-- Fields created by a bulk job, until it is undone or its details expire.
CREATE TABLE bulk_fields (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  field_id     key_text NOT NULL,
  PRIMARY KEY (community_id, job_id, field_id)
);

-- owner: bulk/outcome
-- Tags that a dry run would create, with the number of rows that name them.
CREATE TABLE bulk_planned_tags (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  name         key_text NOT NULL,
  row_count    BIGINT NOT NULL,
  line         BIGINT NOT NULL, -- the first row of the file with the tag
  PRIMARY KEY (community_id, job_id, name)
);
