-- +goose Up
-- owner: bulk/job
-- The list of bulk jobs is filtered and counted in these indexes without the rows,
-- newest first. An id contains the time of its creation.
CREATE INDEX bulk_jobs_list ON bulk_jobs (community_id, id, status, type, dry_run, actor);
CREATE INDEX bulk_jobs_status ON bulk_jobs (community_id, status, id, type, dry_run, actor);
CREATE INDEX bulk_jobs_type ON bulk_jobs (community_id, type, id, status, dry_run, actor);
CREATE INDEX bulk_jobs_dry_run ON bulk_jobs (community_id, id, status, type, actor) WHERE dry_run;
CREATE INDEX bulk_jobs_actor ON bulk_jobs (community_id, actor, id, status, type, dry_run);
