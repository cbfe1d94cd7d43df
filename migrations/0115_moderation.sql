-- +goose Up
-- owner: moderation
-- Invites. Codes are unique over all communities.
CREATE TABLE invites (
  community_id    key_text NOT NULL REFERENCES communities(id),
  code            key_text NOT NULL UNIQUE,
  id              key_text NOT NULL,            -- orders invites by creation
  role_id         key_text NOT NULL DEFAULT '', -- assigned on joining
  email           TEXT NOT NULL DEFAULT '',     -- that it was mailed to; '' if it was not, or was declined
  email_key       key_text NOT NULL DEFAULT '',
  max_uses        BIGINT NOT NULL,              -- 0: any number
  uses            BIGINT NOT NULL,
  created_by      key_text NOT NULL,            -- account:<id>, key:<id>, command
  created_by_name TEXT NOT NULL,                -- at that time, '' after erasure
  created_at      BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,              -- 0: never
  revoked_at      BIGINT NOT NULL,              -- 0: not revoked
  PRIMARY KEY (community_id, code),
  UNIQUE (community_id, id)
);
CREATE INDEX invites_email ON invites (community_id, email_key) WHERE email_key <> '';

-- Members by the invite with which they joined.
CREATE TABLE invite_uses (
  community_id key_text NOT NULL,
  code         key_text NOT NULL,
  user_id      key_text NOT NULL,
  used_at      BIGINT NOT NULL,
  PRIMARY KEY (community_id, code, user_id)
);
CREATE INDEX invite_uses_user ON invite_uses (community_id, user_id);

-- The misconduct log.
CREATE TABLE penalties (
  community_id    key_text NOT NULL REFERENCES communities(id),
  id              key_text NOT NULL,
  user_id         key_text NOT NULL,
  kind            key_text NOT NULL, -- warn, suspend, kick, ban
  reason          TEXT NOT NULL,
  suspended_until BIGINT NOT NULL,   -- of a suspension; else 0
  actor           key_text NOT NULL, -- account:<id>, key:<id>, command
  actor_name      TEXT NOT NULL,     -- at that time, '' after erasure
  created_at      BIGINT NOT NULL,
  lifted_at       BIGINT NOT NULL,   -- 0: not lifted
  lifted_by       key_text NOT NULL,
  lifted_by_name  TEXT NOT NULL,
  PRIMARY KEY (community_id, id)
);
CREATE INDEX penalties_user ON penalties (community_id, user_id, id);
