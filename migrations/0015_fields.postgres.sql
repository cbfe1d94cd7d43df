-- +goose Up
-- Index of members by values of filterable custom fields; key sorts like the
-- values. A multiple choice has a row for each option.
CREATE TABLE member_value (
  community_id key_text NOT NULL,
  field_id     key_text NOT NULL,
  key          key_text NOT NULL,
  user_id      key_text NOT NULL,
  PRIMARY KEY (community_id, field_id, key, user_id)
);

ALTER TABLE user_fields ADD COLUMN filled BOOLEAN NOT NULL DEFAULT FALSE; -- member_value has the values of all members
ALTER TABLE user_fields ADD COLUMN sort_order BIGINT NOT NULL DEFAULT 0;

-- Pending job over the members' values of a field; at most one per field. target
-- is the new definition, position the last completed member, error the reason of
-- a failure.
CREATE TABLE field_work (
  community_id key_text NOT NULL,
  field_id     key_text NOT NULL,
  kind         TEXT NOT NULL,
  stage        TEXT NOT NULL,
  target       json_text NOT NULL,
  position     key_text NOT NULL,
  done         BIGINT NOT NULL,
  total        BIGINT NOT NULL,
  error        TEXT NOT NULL,
  actor        TEXT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, field_id)
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

CREATE INDEX field_history_all ON field_history (community_id, id);
CREATE INDEX field_history_field ON field_history (community_id, field_id, id);

-- Fields that were filterable before the index existed.
INSERT INTO field_work (community_id, field_id, kind, stage, target, position, done, total, error, actor, updated_at)
SELECT community_id, id, 'index', '', '{}', '', 0, 0, '', '', 0 FROM user_fields WHERE filterable;
