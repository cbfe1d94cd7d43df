-- +goose Up
-- Workers are reserved by lane (short, small, large). Within a lane, jobs are
-- scheduled fairly by share: the account or key that caused the job, a space,
-- and the community.
ALTER TABLE jobs ADD COLUMN lane key_text NOT NULL DEFAULT 'large';
ALTER TABLE jobs ADD COLUMN share key_text NOT NULL DEFAULT ' ';
-- deaths is the number of processes that ended during the job since its saved
-- position, an increasing number, last advanced.
ALTER TABLE jobs ADD COLUMN deaths BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
-- Time since which, and reason why, the job waits for a worker.
ALTER TABLE jobs ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN wait_reason key_text NOT NULL DEFAULT '';
UPDATE jobs SET share = ' ' || community_id, queued_at = created_at;
UPDATE jobs SET lane = 'short' WHERE kind IN ('mail.send', 'auth.reset');
DROP INDEX jobs_queued;
DROP INDEX jobs_share;
CREATE INDEX jobs_turn ON jobs (lane, share, priority DESC, queued_at, id) WHERE state = 'queued' AND deaths = 0;
CREATE INDEX jobs_interrupted ON jobs (lane, deaths, queued_at) WHERE state = 'queued' AND deaths > 0;
