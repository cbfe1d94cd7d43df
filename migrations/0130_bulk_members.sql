-- +goose Up
-- owner: bulk/jobmember
-- oldest: 127
-- Members that a bulk job created or changed. The list of a job is written when it is
-- requested for the first time, and deleted with the details of the job.
CREATE TABLE bulk_members (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  user_id      key_text NOT NULL,
  PRIMARY KEY (community_id, job_id, user_id)
) {sqlite: WITHOUT ROWID};

-- Progress of the lists in bulk_members.
CREATE TABLE bulk_member_lists (
  community_id key_text NOT NULL,
  job_id       key_text NOT NULL,
  next_batch   BIGINT NOT NULL,  -- number of the first batch whose members are not listed
  listed_rows  BIGINT NOT NULL,  -- created and updated rows of the batches before
  complete     BOOLEAN NOT NULL,
  PRIMARY KEY (community_id, job_id)
);
