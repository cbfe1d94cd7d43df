-- +goose Up
-- Queue of background jobs. Completed jobs are deleted.
-- state: waiting (for run_at), queued, running, dead (given up), cancelled.
CREATE TABLE jobs (
  id           key_text NOT NULL PRIMARY KEY,
  kind         key_text NOT NULL,
  community_id key_text NOT NULL, -- '' of the installation
  unique_key   key_text NOT NULL, -- '' any number at a time
  state        key_text NOT NULL,
  priority     BIGINT NOT NULL,   -- higher first
  run_at       BIGINT NOT NULL,   -- 0 at once
  attempt      BIGINT NOT NULL,
  max_attempts BIGINT NOT NULL,
  args         json_text NOT NULL,
  errors       json_text NOT NULL, -- latest errors, oldest first
  cancel_asked BOOLEAN NOT NULL,
  progressed   BOOLEAN NOT NULL,  -- the attempt has committed progress
  node_id      key_text NOT NULL,
  lease_token  key_text NOT NULL, -- of the current lease; required by every write of a worker
  lease_until  BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  finished_at  BIGINT NOT NULL    -- dead, cancelled
);
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key) WHERE unique_key <> '' AND finished_at = 0;
CREATE INDEX jobs_queued ON jobs (priority DESC, id) WHERE state = 'queued';
CREATE INDEX jobs_share ON jobs (community_id, priority DESC, id) WHERE state = 'queued';
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at <> 0;

-- Last tick of each schedule; the node that advances it inserts the job.
CREATE TABLE job_schedules (
  name key_text NOT NULL PRIMARY KEY,
  tick BIGINT NOT NULL
);

-- Nodes: processes that execute jobs.
CREATE TABLE job_nodes (
  id         key_text NOT NULL PRIMARY KEY,
  started_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
);
