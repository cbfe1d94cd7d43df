-- +goose Up
-- Common names of column types on both engines. Keys compare bytewise.
CREATE DOMAIN key_text AS TEXT COLLATE "C";
CREATE DOMAIN json_text AS JSONB;
CREATE DOMAIN bytes AS BYTEA;
