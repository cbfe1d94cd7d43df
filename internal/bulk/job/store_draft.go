package job

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// LoadDraft fails with NotFound draft_not_found.
func LoadDraft(ctx context.Context, q sqldb.Querier, communityID, draftID string) (Job, error) {
	return sqldb.One(ctx, q, "draft", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status = 'draft'", communityID, draftID)
}

// LoadAny is Load, also for a draft.
func LoadAny(ctx context.Context, q sqldb.Querier, communityID, jobID string) (Job, error) {
	return sqldb.One(ctx, q, "job", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2", communityID, jobID)
}

// LockDraft is LoadDraft for a transaction that changes the draft.
func LockDraft(ctx context.Context, tx *sqldb.Tx, communityID, draftID string) (Job, error) {
	return sqldb.One(ctx, tx, "draft", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status = 'draft' "+tx.Dialect().Lock(), communityID, draftID)
}

// ListDrafts returns the unexpired drafts of an actor whose file was not imported
// yet, the newest first.
func ListDrafts(ctx context.Context, q sqldb.Querier, communityID, actor string, now int64, limit int) ([]Job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE community_id = $1 AND actor = $2 AND status = 'draft' AND expires_at > $3
		AND NOT EXISTS (SELECT 1 FROM bulk_jobs j WHERE j.community_id = bulk_jobs.community_id AND j.id = bulk_jobs.parent_job_id AND NOT j.dry_run)
		AND NOT EXISTS (SELECT 1 FROM bulk_jobs j WHERE j.community_id = bulk_jobs.community_id AND j.parent_job_id = bulk_jobs.parent_job_id
			AND bulk_jobs.parent_job_id <> '' AND j.status <> 'draft')
		ORDER BY id DESC LIMIT $4`, communityID, actor, now, limit)
}

// SetDraft replaces the type and the options of a draft. Its updated_at increases
// with every call, so that it identifies a version of the draft.
func SetDraft(ctx context.Context, tx *sqldb.Tx, j *Job, now int64) error {
	j.UpdatedAt = max(now, j.UpdatedAt+1)
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET type = $1, options = $2, updated_at = $3 WHERE community_id = $4 AND id = $5 AND status = 'draft'",
		string(j.Type), encode(j.Options), j.UpdatedAt, j.CommunityID, j.ID)
	return err
}

// FollowDraft saves the latest job of a draft.
func FollowDraft(ctx context.Context, q sqldb.Querier, communityID, draftID, jobID string) error {
	_, err := q.Exec(ctx, "UPDATE bulk_jobs SET parent_job_id = $1 WHERE community_id = $2 AND id = $3 AND status = 'draft'", jobID, communityID, draftID)
	return err
}

// SameRequest reports whether two jobs read files in the same way.
func SameRequest(a, b *Job) bool { return a.Type == b.Type && encode(a.Options) == encode(b.Options) }
