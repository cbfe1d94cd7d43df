-- +goose Up
-- owner: member
-- oldest: 127
-- Until then the member counts as online without requests, Unix milliseconds: nodes renew it while a live connection is open.
ALTER TABLE member_visits ADD COLUMN connected_until BIGINT NOT NULL DEFAULT 0;
