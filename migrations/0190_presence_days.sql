-- +goose Up
-- owner: presence
-- oldest: 127
-- Visits and minutes of members by day, in the time zone of the community.
CREATE TABLE presence_days (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  day          BIGINT NOT NULL, -- since 1970
  visits       BIGINT NOT NULL, -- that began on the day
  minutes      BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id, day)
) {sqlite: WITHOUT ROWID};
