-- +goose Up
-- owner: message
-- oldest: 127
-- What is left of a member in these tables is found when the member is erased.
CREATE INDEX message_nonces_author ON message_nonces (community_id, author_id);
CREATE INDEX slow_mode_posts_user ON slow_mode_posts (community_id, user_id);
