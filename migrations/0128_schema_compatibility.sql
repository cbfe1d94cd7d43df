-- +goose Up
-- owner: sqldb
-- oldest: 127
-- The oldest program that can use the schema. One row, raised before a migration.
CREATE TABLE schema_compatibility (
  id     BIGINT NOT NULL PRIMARY KEY, -- 1
  oldest BIGINT NOT NULL              -- the newest migration that the program knows
);
