-- +goose Up
-- owner: chat
-- oldest: 127
-- Seconds between two messages of a member; 0: off.
ALTER TABLE channels ADD COLUMN slow_mode BIGINT NOT NULL DEFAULT 0;
-- Messages pay XP as discussions of trading.
ALTER TABLE channels ADD COLUMN trading_discussions BOOLEAN NOT NULL DEFAULT FALSE;
-- From 1, incremented by each change.
ALTER TABLE channels ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
