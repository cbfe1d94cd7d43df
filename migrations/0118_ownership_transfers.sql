-- +goose Up
-- owner: ownership/transfer
-- Offers of an owner to transfer a community to a member; names are those at the
-- time of the offer. A community has at most one in state open.
CREATE TABLE ownership_transfers (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  from_user_id key_text NOT NULL,
  from_name    TEXT NOT NULL,
  user_id      key_text NOT NULL,        -- the receiver
  user_name    TEXT NOT NULL,
  token_hash   key_text NOT NULL UNIQUE, -- of the link in the mail
  state        key_text NOT NULL,        -- open, accepted, declined, withdrawn, expired, cancelled
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  ended_at     BIGINT NOT NULL,          -- 0: open
  PRIMARY KEY (community_id, id)
);
CREATE UNIQUE INDEX ownership_transfers_open ON ownership_transfers (community_id) WHERE state = 'open';
CREATE INDEX ownership_transfers_user ON ownership_transfers (user_id) WHERE state = 'open';
CREATE INDEX ownership_transfers_ended ON ownership_transfers (ended_at);
