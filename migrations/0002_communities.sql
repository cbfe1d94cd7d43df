-- +goose Up
CREATE TABLE communities (
  id         key_text NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  settings   json_text NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE roles (
  community_id        key_text NOT NULL REFERENCES communities(id),
  id                  key_text NOT NULL,
  title               key_text NOT NULL,
  class               TEXT NOT NULL,
  rank                BIGINT NOT NULL,
  everyone            BOOLEAN NOT NULL,
  billable            BOOLEAN NOT NULL,
  server_permissions  json_text NOT NULL,
  channel_permissions json_text NOT NULL,
  created_at          BIGINT NOT NULL,
  updated_at          BIGINT NOT NULL,
  PRIMARY KEY (community_id, id),
  UNIQUE (community_id, title)
);

CREATE TABLE api_keys (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  name         TEXT NOT NULL,
  key_hash     key_text NOT NULL UNIQUE,
  hint         TEXT NOT NULL,
  permissions  json_text NOT NULL,
  created_by   TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  used_at      BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);
