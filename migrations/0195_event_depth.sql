-- +goose Up
-- owner: event
-- oldest: 127
-- The number of automations in the chain of causes of an event.
ALTER TABLE events ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
