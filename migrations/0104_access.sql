-- +goose Up
-- owner: access
CREATE TABLE roles (
  community_id        key_text NOT NULL REFERENCES communities(id),
  id                  key_text NOT NULL,
  title               key_text NOT NULL,
  class               TEXT NOT NULL,
  rank                BIGINT NOT NULL,
  everyone            BOOLEAN NOT NULL, -- the role of all members
  billable            BOOLEAN NOT NULL,
  server_permissions  json_text NOT NULL,
  channel_permissions json_text NOT NULL,
  created_at          BIGINT NOT NULL,
  updated_at          BIGINT NOT NULL,
  PRIMARY KEY (community_id, id),
  UNIQUE (community_id, title)
);

-- API keys of communities. After a rotation the previous secret works until
-- previous_expires_at.
CREATE TABLE api_keys (
  community_id        key_text NOT NULL REFERENCES communities(id),
  id                  key_text NOT NULL,
  name                TEXT NOT NULL,
  key_hash            key_text NOT NULL UNIQUE,
  hint                TEXT NOT NULL, -- the last digits of the secret
  permissions         json_text NOT NULL,
  active              BOOLEAN NOT NULL,
  created_by          TEXT NOT NULL, -- account:<id>, key:<id>, command; limits the rights of the key
  limited_by          TEXT NOT NULL, -- others that limit them, separated by spaces: a rotation adds its actor
  previous_hash       key_text NOT NULL DEFAULT '',
  previous_expires_at BIGINT NOT NULL,
  previous_limited_by TEXT NOT NULL,
  created_at          BIGINT NOT NULL,
  updated_at          BIGINT NOT NULL, -- 0: never
  expires_at          BIGINT NOT NULL, -- 0: never
  used_at             BIGINT NOT NULL, -- 0: never
  PRIMARY KEY (community_id, id)
);
CREATE UNIQUE INDEX api_keys_previous ON api_keys (previous_hash) WHERE previous_hash <> '';

-- API keys of accounts, for all their communities.
CREATE TABLE account_api_keys (
  account_id  key_text NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  id          key_text NOT NULL,
  name        TEXT NOT NULL,
  key_hash    key_text NOT NULL UNIQUE,
  hint        TEXT NOT NULL,
  permissions json_text NOT NULL,
  channels    json_text NOT NULL, -- the only channels it may act in; []: all
  active      BOOLEAN NOT NULL,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  used_at     BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
