-- +goose Up
-- Stores the history in insertion order: rows are appended to one B-tree, and
-- only short index entries are inserted elsewhere.
CREATE TABLE history (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  user_id      key_text NOT NULL,
  field_id     key_text NOT NULL,
  old_value    json_text NOT NULL,
  new_value    json_text NOT NULL,
  valid_from   BIGINT NOT NULL,
  recorded_at  BIGINT NOT NULL,
  source_type  TEXT NOT NULL,
  source_id    key_text NOT NULL,
  actor        TEXT NOT NULL,
  PRIMARY KEY (community_id, id)
) WITHOUT ROWID;

INSERT INTO history (community_id, id, user_id, field_id, old_value, new_value, valid_from, recorded_at, source_type, source_id, actor)
SELECT community_id, id, user_id, field_id, old_value, new_value, valid_from, recorded_at, source_type, source_id, actor FROM field_history
ORDER BY community_id, id;

DROP TABLE field_history;
ALTER TABLE history RENAME TO field_history;

CREATE INDEX field_history_user ON field_history (community_id, user_id, id);
CREATE INDEX field_history_field ON field_history (community_id, field_id, id);
