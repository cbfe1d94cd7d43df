-- +goose Up
-- One index less for each change: the key is in the order in which the history
-- grows.
CREATE INDEX field_history_user ON field_history (community_id, user_id, id);
ALTER TABLE field_history DROP CONSTRAINT field_history_pkey;
ALTER TABLE field_history ADD PRIMARY KEY (community_id, id);
DROP INDEX field_history_all;
