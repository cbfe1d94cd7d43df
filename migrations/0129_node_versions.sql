-- +goose Up
-- owner: jobs
-- oldest: 127
-- The version of the program of a node; '': unknown.
ALTER TABLE job_nodes ADD COLUMN version TEXT NOT NULL DEFAULT '';
