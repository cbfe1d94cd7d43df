-- +goose Up
-- owner: presence
-- oldest: 127
-- Until then the member counts as online: five minutes after a request, and while a live connection is open, which nodes renew. Unix milliseconds.
ALTER TABLE member_visits ADD COLUMN online_until BIGINT NOT NULL DEFAULT 0;
UPDATE member_visits SET online_until = seen_at + 300000;
CREATE INDEX member_visits_online ON member_visits (community_id, online_until, user_id);
