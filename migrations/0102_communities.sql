-- +goose Up
-- owner: community
CREATE TABLE communities (
  id         key_text NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  settings   json_text NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT NOT NULL DEFAULT 0 -- 0: not deleted; a deleted one can be restored for some time
);
CREATE INDEX communities_deleted ON communities (deleted_at) WHERE deleted_at <> 0;
