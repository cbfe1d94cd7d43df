-- +goose Up
-- The kept files of a community and their sizes, which count against its quota.
CREATE INDEX bulk_jobs_files ON bulk_jobs (community_id, file_id, file_size) WHERE file_id <> '';
