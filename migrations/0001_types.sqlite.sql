-- +goose Up
-- key_text, json_text and bytes are domains on PostgreSQL. SQLite takes any
-- type name and stores by its spelling: "text" is text, "bytes" is what comes.
SELECT 1;
