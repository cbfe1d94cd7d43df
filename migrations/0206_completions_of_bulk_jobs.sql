-- +goose Up
-- owner: progress/completion
-- oldest: 200
-- What the undo of a bulk job needs to reverse the rewards of completions that the job caused.
ALTER TABLE milestone_completions ADD COLUMN job_id key_text NOT NULL DEFAULT '';      -- the bulk job that caused it; '': none, or undone
ALTER TABLE milestone_completions ADD COLUMN xp_entry key_text NOT NULL DEFAULT '';    -- of the ledger; '': paid nothing
ALTER TABLE milestone_completions ADD COLUMN coins_entry key_text NOT NULL DEFAULT '';
ALTER TABLE milestone_completions ADD COLUMN award_id key_text NOT NULL DEFAULT '';    -- of badge_id; '': none, or the member had the badge
CREATE INDEX milestone_completions_job ON milestone_completions (community_id, job_id, user_id) WHERE job_id <> '';
-- owner: progress/milestone
ALTER TABLE milestones ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE milestones SET changed_at = created_at;
