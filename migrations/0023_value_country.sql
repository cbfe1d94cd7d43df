-- +goose Up
-- Members are filtered by country beside a value more than by anything else:
-- an entry of the index says it too.
ALTER TABLE member_value ADD COLUMN country TEXT NOT NULL DEFAULT '';
UPDATE member_value SET country = COALESCE((SELECT m.country FROM members m WHERE m.community_id = member_value.community_id AND m.user_id = member_value.user_id), '');
