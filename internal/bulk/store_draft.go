package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func setDraftOptions(ctx context.Context, q sqldb.Querier, communityID, draftID string, o Options, now int64) error {
	_, err := q.Exec(ctx, "UPDATE bulk_jobs SET options = $1, updated_at = $2 WHERE community_id = $3 AND id = $4 AND status = 'draft'", encode(o), now, communityID, draftID)
	return err
}

func followDraft(ctx context.Context, q sqldb.Querier, communityID, draftID, jobID string) error {
	_, err := q.Exec(ctx, "UPDATE bulk_jobs SET origin_id = $1 WHERE community_id = $2 AND id = $3 AND status = 'draft'", jobID, communityID, draftID)
	return err
}
