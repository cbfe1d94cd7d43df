-- +goose Up
-- Bulk jobs. A draft is a file staged in the import wizard.
CREATE TABLE bulk_jobs (
  community_id  key_text NOT NULL REFERENCES communities(id),
  id            key_text NOT NULL,
  type          TEXT NOT NULL,
  status        TEXT NOT NULL,
  dry_run       BOOLEAN NOT NULL,
  origin_id     key_text NOT NULL, -- apply: the dry run; undo: the job undone; else ''
  options       json_text NOT NULL,
  file_id       key_text NOT NULL,
  file_name     TEXT NOT NULL,
  file_size     BIGINT NOT NULL,
  verdict       json_text NOT NULL,
  detected      json_text NOT NULL,
  revision      TEXT NOT NULL,     -- fingerprint of the fields, roles, tags and settings used by the plan
  position      json_text NOT NULL,
  done_bytes    BIGINT NOT NULL,
  total_rows    BIGINT NOT NULL,   -- 0 while unknown
  read_rows     BIGINT NOT NULL,
  created_rows  BIGINT NOT NULL,
  updated_rows  BIGINT NOT NULL,
  unchanged_rows BIGINT NOT NULL,
  skipped_rows  BIGINT NOT NULL,
  failed_rows   BIGINT NOT NULL,
  pieces        BIGINT NOT NULL,
  error_code    TEXT NOT NULL,
  error_message TEXT NOT NULL,
  actor         TEXT NOT NULL,
  actor_name    TEXT NOT NULL,
  queue_job_id  key_text NOT NULL,
  created_at    BIGINT NOT NULL,
  started_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  finished_at   BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX bulk_jobs_expiry ON bulk_jobs (expires_at);

-- Outcomes of the rows of one batch, packed.
CREATE TABLE bulk_pieces (
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
  outcomes       bytes NOT NULL,
  PRIMARY KEY (community_id, job_id, number)
);
