-- +goose Up
-- The staged files of a person, and the jobs that follow a job.
CREATE INDEX bulk_jobs_drafts ON bulk_jobs (community_id, actor) WHERE status = 'draft';
CREATE INDEX bulk_jobs_parent ON bulk_jobs (community_id, parent_job_id);
