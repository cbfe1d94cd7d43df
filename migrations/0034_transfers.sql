-- +goose Up
-- Offers of an owner to transfer a community to a member. A community has at
-- most one in state open; the others are accepted, declined, withdrawn, expired
-- or cancelled.
CREATE TABLE community_transfers (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  from_id      key_text NOT NULL,        -- the owner
  from_name    TEXT NOT NULL,            -- at the time of the offer
  user_id      key_text NOT NULL,        -- the member
  user_name    TEXT NOT NULL,            -- at the time of the offer
  token_hash   key_text NOT NULL UNIQUE, -- of the link in the mail
  state        key_text NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  ended_at     BIGINT NOT NULL,          -- 0 while it is open
  PRIMARY KEY (community_id, id)
);
CREATE UNIQUE INDEX community_transfers_open ON community_transfers (community_id) WHERE state = 'open';
CREATE INDEX community_transfers_user ON community_transfers (user_id) WHERE state = 'open';
CREATE INDEX community_transfers_ended ON community_transfers (ended_at);
