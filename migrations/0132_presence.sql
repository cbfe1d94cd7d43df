-- +goose Up
-- owner: presence
-- oldest: 127
-- Visits of members. A visit begins with the first sign of a member after 30 minutes
-- without any, and belongs to the day on which it began.
CREATE TABLE member_presence (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  visits       BIGINT NOT NULL,
  minutes      BIGINT NOT NULL, -- minutes with a sign of the member
  last_minute  BIGINT NOT NULL, -- number of the last of them, since 1970
  streak       BIGINT NOT NULL, -- consecutive days with a visit, up to streak_day
  streak_day   BIGINT NOT NULL, -- day of the last visit in the time zone of the community, since 1970
  PRIMARY KEY (community_id, user_id)
);
