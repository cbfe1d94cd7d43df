-- +goose Up
-- owner: bulk/job
-- The staged files of a person.
CREATE INDEX bulk_jobs_drafts ON bulk_jobs (community_id, actor) WHERE status = 'draft';
