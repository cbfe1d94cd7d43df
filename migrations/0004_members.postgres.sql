-- +goose Up
-- Members. roles and tags are arrays of ids; fields are the custom values by
-- database name. On SQLite the table is clustered by its primary key.
CREATE TABLE members (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  state        TEXT NOT NULL,
  owner        BOOLEAN NOT NULL DEFAULT FALSE,
  display_name TEXT NOT NULL DEFAULT '',
  first_name   TEXT NOT NULL,
  last_name    TEXT NOT NULL,
  name_key     key_text NOT NULL, -- first and last name as search compares them
  phone        TEXT NOT NULL,
  country      TEXT NOT NULL,
  language     TEXT NOT NULL,
  roles        json_text NOT NULL,
  tags         json_text NOT NULL,
  fields       json_text NOT NULL,
  joined_at    BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id)
);

-- Member counts per community, in shards to reduce contention.
CREATE TABLE member_totals (
  community_id key_text NOT NULL,
  shard        BIGINT NOT NULL,
  total        BIGINT NOT NULL,
  PRIMARY KEY (community_id, shard)
);

CREATE TABLE user_fields (
  community_id  key_text NOT NULL REFERENCES communities(id),
  id            key_text NOT NULL,
  field         key_text NOT NULL,
  field_key     key_text NOT NULL,
  name          TEXT NOT NULL,
  name_key      key_text NOT NULL,
  type          TEXT NOT NULL,
  options       json_text NOT NULL,
  required      BOOLEAN NOT NULL,
  default_value json_text NOT NULL,
  description   TEXT NOT NULL,
  filterable    BOOLEAN NOT NULL,
  identifier    BOOLEAN NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  PRIMARY KEY (community_id, id),
  UNIQUE (community_id, field_key),
  UNIQUE (community_id, name_key)
);

-- Values of identifier fields, unique in a community.
CREATE TABLE member_identifiers (
  community_id key_text NOT NULL,
  field_id     key_text NOT NULL,
  key          key_text NOT NULL,
  user_id      key_text NOT NULL,
  PRIMARY KEY (community_id, field_id, key)
);

CREATE TABLE tags (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  name         key_text NOT NULL,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id),
  UNIQUE (community_id, name)
);

-- History of field values; append-only, deleted with the member.
CREATE TABLE field_history (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  id           key_text NOT NULL,
  field_id     key_text NOT NULL,
  old_value    json_text NOT NULL,
  new_value    json_text NOT NULL,
  valid_from   BIGINT NOT NULL,
  recorded_at  BIGINT NOT NULL,
  source_type  TEXT NOT NULL,
  source_id    key_text NOT NULL,
  actor        TEXT NOT NULL,
  PRIMARY KEY (community_id, user_id, id)
);
