-- +goose Up
-- Time of deletion; 0: not deleted. The community can be restored for some time.
ALTER TABLE communities ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX communities_deleted ON communities (deleted_at) WHERE deleted_at <> 0;

-- End of a suspension; 0: not suspended.
ALTER TABLE members ADD COLUMN suspended_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX members_owner ON members (community_id, user_id) WHERE owner;

-- Invites. Codes are unique over all communities.
CREATE TABLE invites (
  community_id    key_text NOT NULL REFERENCES communities(id),
  code            key_text NOT NULL UNIQUE,
  max_uses        BIGINT NOT NULL,   -- 0 any number
  uses            BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,   -- 0 never
  revoked_at      BIGINT NOT NULL,   -- 0 not revoked
  created_by      key_text NOT NULL, -- account:<id>, key:<id>, command
  created_by_name TEXT NOT NULL,     -- at the time of the action
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (community_id, code)
);

-- Latest invite by which each member joined.
CREATE TABLE invite_uses (
  community_id key_text NOT NULL,
  code         key_text NOT NULL,
  user_id      key_text NOT NULL,
  used_at      BIGINT NOT NULL,
  PRIMARY KEY (community_id, code, user_id)
);
CREATE INDEX invite_uses_user ON invite_uses (community_id, user_id);

-- The misconduct log: kind is warn, suspend, kick or ban.
CREATE TABLE penalties (
  community_id   key_text NOT NULL REFERENCES communities(id),
  id             key_text NOT NULL,
  user_id        key_text NOT NULL,
  kind           key_text NOT NULL,
  reason         TEXT NOT NULL,
  until          BIGINT NOT NULL,   -- of a suspension; else 0
  actor          key_text NOT NULL, -- account:<id>, key:<id>, command
  actor_name     TEXT NOT NULL,     -- at the time of the action
  created_at     BIGINT NOT NULL,
  lifted_at      BIGINT NOT NULL,   -- 0 not lifted
  lifted_by      key_text NOT NULL,
  lifted_by_name TEXT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX penalties_user ON penalties (community_id, user_id, id);
