-- +goose Up
-- owner: bulk/mapping
-- The fields and options with which a file was checked, for the next file with the
-- same header.
CREATE TABLE bulk_mappings (
  community_id key_text NOT NULL,
  header_hash  key_text NOT NULL,  -- of the names of the columns in any order
  type         TEXT NOT NULL,      -- of the job
  fields       json_text NOT NULL, -- of the columns, by their normalised names; null: not imported
  options      json_text NOT NULL, -- import options, without those of reading the file
  draft_id     key_text NOT NULL,
  actor        TEXT NOT NULL,
  actor_name   TEXT NOT NULL,
  used_at      BIGINT NOT NULL,    -- of the latest check
  PRIMARY KEY (community_id, header_hash)
);
CREATE INDEX bulk_mappings_used ON bulk_mappings (community_id, used_at);
