-- +goose Up
-- Stored files of a community and their sizes, which count towards its quota.
CREATE INDEX bulk_jobs_files ON bulk_jobs (community_id, file_id, file_size) WHERE file_id <> '';
