-- +goose Up
-- Members erased while files of bulk jobs still exist, by hashes of their
-- identifiers in rows. Rows of files older than erased_at are not shown.
CREATE TABLE bulk_withheld (
  community_id key_text NOT NULL,
  subject      key_text NOT NULL,
  erased_at    BIGINT NOT NULL, -- Unix milliseconds
  PRIMARY KEY (community_id, subject)
);
CREATE INDEX bulk_withheld_time ON bulk_withheld (erased_at);
