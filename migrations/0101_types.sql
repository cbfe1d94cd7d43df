-- +goose Up
-- Column types of all tables. Keys compare bytewise. On SQLite, which accepts any
-- type name, a column gets its affinity from the name.
{postgres: CREATE DOMAIN key_text AS TEXT COLLATE "C";}
{postgres: CREATE DOMAIN json_text AS JSONB;}
{postgres: CREATE DOMAIN bytes AS BYTEA;}
