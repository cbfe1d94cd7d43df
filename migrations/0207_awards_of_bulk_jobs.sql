-- +goose Up
-- owner: progress/award
-- oldest: 200
-- What the undo of a bulk job needs to reverse the rewards of awards that the job caused.
ALTER TABLE badge_awards ADD COLUMN job_id key_text NOT NULL DEFAULT ''; -- the bulk job that caused it; '': none, or undone
CREATE INDEX badge_awards_job ON badge_awards (community_id, job_id, id) WHERE job_id <> '';
-- owner: progress/badge
ALTER TABLE badges ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE badges SET changed_at = created_at;
