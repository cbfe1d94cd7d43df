-- +goose Up
-- owner: progress/badge
-- oldest: 200
-- Whether a condition of a badge counts what members earned. Each entry of the ledger asks for such badges.
ALTER TABLE badges ADD COLUMN counts_earned BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE badges SET counts_earned = TRUE WHERE action = 'conditions' AND (CAST(conditions AS TEXT) LIKE '%"xpEarned"%' OR CAST(conditions AS TEXT) LIKE '%"coinsEarned"%');
CREATE INDEX badges_counting ON badges (community_id) WHERE counts_earned AND deleted_at = 0;
-- owner: progress/milestone
CREATE INDEX milestones_counting ON milestones (community_id) WHERE counts_earned AND enabled AND deleted_at = 0;
