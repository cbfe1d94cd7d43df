-- +goose Up
-- owner: message
-- oldest: 127
-- For the rows of a member that is erased.
CREATE INDEX message_nonces_author ON message_nonces (community_id, author_id);
CREATE INDEX slow_mode_posts_user ON slow_mode_posts (community_id, user_id);
