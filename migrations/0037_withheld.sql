-- +goose Up
-- Persons whose data was erased while files of bulk jobs are kept, by hashes of
-- what rows name them by. Rows of files from before erased_at are not shown.
CREATE TABLE bulk_withheld (
  community_id key_text NOT NULL,
  subject      key_text NOT NULL,
  erased_at    BIGINT NOT NULL, -- Unix milliseconds
  PRIMARY KEY (community_id, subject)
);
CREATE INDEX bulk_withheld_time ON bulk_withheld (erased_at);
