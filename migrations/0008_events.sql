-- +goose Up
-- Events, written in the transaction of their cause. sequence is assigned per
-- community after the commit, in commit order.
CREATE TABLE events (
  id           key_text NOT NULL PRIMARY KEY,
  community_id key_text NOT NULL,
  type         TEXT NOT NULL,
  sequence     BIGINT,
  occurred_at  BIGINT NOT NULL,
  data         json_text NOT NULL
);
CREATE UNIQUE INDEX events_sequence ON events (community_id, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX events_unnumbered ON events (id) WHERE sequence IS NULL;
