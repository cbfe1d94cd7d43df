-- +goose Up
-- The key is in insertion order, which saves an index per change.
CREATE INDEX field_history_user ON field_history (community_id, user_id, id);
ALTER TABLE field_history DROP CONSTRAINT field_history_pkey;
ALTER TABLE field_history ADD PRIMARY KEY (community_id, id);
DROP INDEX field_history_all;
