-- +goose Up
-- owner: bulk/job
-- Bulk jobs: imports, updates of many members and their undo. One in status draft
-- is a file staged in the import wizard.
CREATE TABLE bulk_jobs (
  community_id    key_text NOT NULL REFERENCES communities(id),
  id              key_text NOT NULL,
  type            TEXT NOT NULL,
  status          TEXT NOT NULL,
  dry_run         BOOLEAN NOT NULL,
  parent_job_id   key_text NOT NULL,  -- apply: the dry run; undo: the job undone; draft: its latest job; else ''
  options         json_text NOT NULL,
  file_id         key_text NOT NULL,  -- '' without a stored file
  file_name       TEXT NOT NULL,
  file_size       BIGINT NOT NULL,
  file_scan       json_text NOT NULL, -- result of the scan of the upload
  detected        json_text NOT NULL, -- format of the file
  revision        TEXT NOT NULL,      -- fingerprint of the fields, roles, tags and settings used by the plan
  position        json_text NOT NULL, -- where a restart continues
  warnings        json_text NOT NULL, -- of opening the file
  batches         BIGINT NOT NULL,
  processed_bytes BIGINT NOT NULL,
  total_rows      BIGINT NOT NULL,    -- 0 while unknown
  read_rows       BIGINT NOT NULL,
  created_rows    BIGINT NOT NULL,
  updated_rows    BIGINT NOT NULL,
  unchanged_rows  BIGINT NOT NULL,
  skipped_rows    BIGINT NOT NULL,
  failed_rows     BIGINT NOT NULL,
  hidden_rows     BIGINT NOT NULL,    -- hidden in the spreadsheet, among those read
  first_hidden    BIGINT NOT NULL,    -- line of the first one; 0: none
  unread_rows     BIGINT NOT NULL,    -- of a job that stopped; -1: not counted
  error_code      TEXT NOT NULL,
  error_message   TEXT NOT NULL,
  actor           TEXT NOT NULL,
  actor_name      TEXT NOT NULL,
  queue_job_id    key_text NOT NULL,  -- the id in jobs
  created_at      BIGINT NOT NULL,
  started_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL,
  finished_at     BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,    -- of its file and details; 0: none
  PRIMARY KEY (community_id, id)
);
CREATE INDEX bulk_jobs_expiry ON bulk_jobs (expires_at);
-- Sizes of stored files count towards the quota of the community.
CREATE INDEX bulk_jobs_files ON bulk_jobs (community_id, file_id, file_size) WHERE file_id <> '';

-- owner: bulk/outcome
-- Batches of rows. job_id is that of the bulk job, here and below.
CREATE TABLE bulk_batches (
  community_id   key_text NOT NULL,
  job_id         key_text NOT NULL,
  number         BIGINT NOT NULL,
  first_line     BIGINT NOT NULL,
  last_line      BIGINT NOT NULL,
  created_rows   BIGINT NOT NULL,
  updated_rows   BIGINT NOT NULL,
  unchanged_rows BIGINT NOT NULL,
  skipped_rows   BIGINT NOT NULL,
  failed_rows    BIGINT NOT NULL,
  outcomes       bytes NOT NULL, -- of the rows, packed
  PRIMARY KEY (community_id, job_id, number)
);

-- Tags created by a bulk job, until it is undone or its details expire.
CREATE TABLE bulk_tags (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  tag_id       key_text NOT NULL,
  line         BIGINT NOT NULL, -- the first row of the file with the tag
  PRIMARY KEY (community_id, job_id, tag_id)
);

-- owner: bulk
-- Members erased while files of bulk jobs still exist. Their rows of files older
-- than erased_at are not shown.
CREATE TABLE bulk_erasures (
  community_id    key_text NOT NULL,
  identifier_hash key_text NOT NULL, -- of an id, email, username or number in a row
  erased_at       BIGINT NOT NULL,
  PRIMARY KEY (community_id, identifier_hash)
);
CREATE INDEX bulk_erasures_time ON bulk_erasures (erased_at);
