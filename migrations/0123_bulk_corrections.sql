-- +goose Up
-- owner: bulk/errorgroup
-- Groups of the errors of a job with many failed rows, counted after its end.
CREATE TABLE bulk_error_groups (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  error_groups json_text NOT NULL,
  PRIMARY KEY (community_id, job_id)
);

-- owner: bulk/correction
-- Cells that a person corrected in the import wizard. job_id is that of the
-- staged file or of a bulk job.
CREATE TABLE bulk_corrections (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  line         BIGINT NOT NULL, -- of the row in the file
  cell         BIGINT NOT NULL, -- index of the column, from 0
  text         TEXT NOT NULL,   -- the whole cell; '': empty
  PRIMARY KEY (community_id, job_id, line, cell)
);
