-- +goose Up
-- owner: stats
-- Changes of the number of members in slots of 15 minutes.
CREATE TABLE stats_members (
  community_id key_text NOT NULL,
  slot         BIGINT NOT NULL, -- start
  joined       BIGINT NOT NULL,
  departed     BIGINT NOT NULL,
  total        BIGINT NOT NULL, -- at the end of the slot
  PRIMARY KEY (community_id, slot)
);
