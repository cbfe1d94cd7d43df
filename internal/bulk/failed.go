package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/job"
)

// ErrorGroups returns the errors of a job by column, code and value. Values are left
// out if a person was erased since the upload: they may be of that person. It fails
// like Details.
func (b *Bulk) ErrorGroups(ctx context.Context, caller actor.Actor, communityID, jobID string) (errorgroup.Groups, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return errorgroup.Groups{}, err
	}
	j, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return errorgroup.Groups{}, err
	}
	groups, err := errorgroup.Of(ctx, b.db, &j)
	if err != nil {
		return groups, err
	}
	if j.Type == job.Undo { // its rows are of the original job
		if j, err = job.Load(ctx, b.db, communityID, j.ParentID); err != nil {
			return groups, err
		}
	}
	erased, err := hasWithheld(ctx, b.db, communityID, j.UploadedAt())
	if erased {
		groups.HideValues()
	}
	return groups, err
}
