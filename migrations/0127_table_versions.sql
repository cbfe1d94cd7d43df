-- +goose Up
-- owner: sqldb
-- Versions of the tables that are read through caches, for other processes with the
-- same SQLite file. Unused on PostgreSQL, where they are notified.
CREATE TABLE table_versions (
  name    key_text NOT NULL PRIMARY KEY, -- of a table
  version BIGINT NOT NULL                -- above every earlier one of any table
);
CREATE INDEX table_versions_version ON table_versions (version);
