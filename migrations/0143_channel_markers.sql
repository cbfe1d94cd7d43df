-- +goose Up
-- owner: readstate
-- oldest: 127
-- For the rows of a channel that is deleted.
CREATE INDEX read_markers_channel ON read_markers (community_id, channel_id, user_id);
CREATE INDEX channel_preferences_channel ON channel_preferences (community_id, channel_id, user_id);
