-- +goose Up
-- owner: roster
-- Saved views of the member list.
CREATE TABLE saved_views (
  community_id key_text NOT NULL REFERENCES communities(id),
  user_id      key_text NOT NULL, -- the member, or the account of a non-member
  id           key_text NOT NULL,
  name         TEXT NOT NULL,
  name_key     key_text NOT NULL,
  query        TEXT NOT NULL,     -- query part of the address of the list
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id, id),
  UNIQUE (community_id, user_id, name_key)
);
