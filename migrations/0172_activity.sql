-- +goose Up
-- owner: message/reaction
-- oldest: 127
-- Reactions of a member by day.
CREATE INDEX message_reactions_member ON message_reactions (community_id, user_id, reacted_at, message_id);
