-- +goose Up
-- Filters by a value are most often combined with the country, so the index
-- includes it.
ALTER TABLE member_value ADD COLUMN country TEXT NOT NULL DEFAULT '';
UPDATE member_value SET country = COALESCE((SELECT m.country FROM members m WHERE m.community_id = member_value.community_id AND m.user_id = member_value.user_id), '');
