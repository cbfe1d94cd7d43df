-- +goose Up
-- owner: jobs
-- Queue of background jobs. Completed jobs are deleted. Workers are reserved by
-- lane; within a lane, jobs are scheduled fairly by share.
CREATE TABLE jobs (
  id               key_text NOT NULL PRIMARY KEY,
  kind             key_text NOT NULL,
  community_id     key_text NOT NULL, -- '' of the installation
  unique_key       key_text NOT NULL, -- '': any number at a time
  state            key_text NOT NULL, -- waiting (for run_at), queued, running, dead (given up), cancelled
  lane             key_text NOT NULL, -- short, small, large
  share            key_text NOT NULL, -- the account or key that caused the job, a space, and the community
  priority         BIGINT NOT NULL,   -- higher first
  run_at           BIGINT NOT NULL,   -- 0: at once
  queued_at        BIGINT NOT NULL,   -- since when it waits for a worker
  wait_reason      key_text NOT NULL,
  attempt          BIGINT NOT NULL,
  max_attempts     BIGINT NOT NULL,
  args             json_text NOT NULL,
  errors           json_text NOT NULL, -- the latest ones, oldest first
  cancel_requested BOOLEAN NOT NULL,
  progressed       BOOLEAN NOT NULL,  -- the attempt has committed progress
  position         BIGINT NOT NULL,   -- saved by the worker, increasing
  crashes          BIGINT NOT NULL,   -- processes that ended during the job since position advanced
  rejected_by      TEXT NOT NULL,     -- nodes without a resource of the job, such as its file, as ' id id '
  rejected_until   BIGINT NOT NULL,   -- until when they skip the job
  node_id          key_text NOT NULL,
  lease_token      key_text NOT NULL, -- of the current lease; required by every write of a worker
  lease_until      BIGINT NOT NULL,
  created_at       BIGINT NOT NULL,
  finished_at      BIGINT NOT NULL    -- of dead and cancelled jobs; else 0
);
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key) WHERE unique_key <> '' AND finished_at = 0;
CREATE INDEX jobs_turn ON jobs (lane, share, priority DESC, queued_at, id) WHERE state = 'queued' AND crashes = 0;
CREATE INDEX jobs_interrupted ON jobs (lane, crashes, queued_at) WHERE state = 'queued' AND crashes > 0;
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at <> 0;

-- The node that advances last_tick_at inserts the job of the schedule.
CREATE TABLE job_schedules (
  name         key_text NOT NULL PRIMARY KEY,
  last_tick_at BIGINT NOT NULL
);

-- Nodes: processes that execute jobs.
CREATE TABLE job_nodes (
  id         key_text NOT NULL PRIMARY KEY,
  started_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
);
