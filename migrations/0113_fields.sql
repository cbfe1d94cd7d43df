-- +goose Up
-- owner: field
-- Custom fields of the members of a community.
CREATE TABLE field_definitions (
  community_id  key_text NOT NULL REFERENCES communities(id),
  id            key_text NOT NULL,
  field         key_text NOT NULL, -- the database name
  field_key     key_text NOT NULL,
  name          TEXT NOT NULL,     -- shown to people
  name_key      key_text NOT NULL,
  type          TEXT NOT NULL,
  options       json_text NOT NULL,
  required      BOOLEAN NOT NULL,
  default_value json_text NOT NULL,
  description   TEXT NOT NULL,
  filterable    BOOLEAN NOT NULL,
  indexed       BOOLEAN NOT NULL,  -- member_values has the values of all members
  identifier    BOOLEAN NOT NULL,  -- values are unique in the community
  sort_order    BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  PRIMARY KEY (community_id, id),
  UNIQUE (community_id, field_key),
  UNIQUE (community_id, name_key)
);

-- Names of deleted fields that still have a history.
CREATE TABLE deleted_fields (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  field        TEXT NOT NULL,
  name         TEXT NOT NULL,
  type         TEXT NOT NULL,
  deleted_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id)
);

-- owner: fieldchange
-- Pending jobs over the members' values of a field, at most one per field.
CREATE TABLE field_jobs (
  community_id key_text NOT NULL,
  field_id     key_text NOT NULL,
  kind         TEXT NOT NULL,
  stage        TEXT NOT NULL,
  target       json_text NOT NULL, -- the new definition
  position     key_text NOT NULL,  -- the last completed member
  done         BIGINT NOT NULL,
  total        BIGINT NOT NULL,
  error        TEXT NOT NULL,      -- why it failed; else ''
  actor        TEXT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, field_id)
);
