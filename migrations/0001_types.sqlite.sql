-- +goose Up
-- key_text, json_text and bytes are domains on PostgreSQL. SQLite accepts any
-- type name and derives the affinity of the column from it.
SELECT 1;
