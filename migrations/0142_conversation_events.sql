-- +goose Up
-- owner: event
-- oldest: 127
-- Events of a conversation reach its participants only; '' for all others.
ALTER TABLE events ADD COLUMN conversation_id key_text NOT NULL DEFAULT '';
