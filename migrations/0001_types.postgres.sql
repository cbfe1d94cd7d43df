-- +goose Up
-- One name for each kind of column on both engines. Keys compare bytewise.
CREATE DOMAIN key_text AS TEXT COLLATE "C";
CREATE DOMAIN json_text AS JSONB;
CREATE DOMAIN bytes AS BYTEA;
