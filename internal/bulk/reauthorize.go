package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
)

// stillAllowed fails with Forbidden "not_allowed_any_more" if the actor of the
// job could not start it now.
func (r *run) stillAllowed(ctx context.Context) error {
	var allowed bool
	var err error
	if r.Job.Actor == (actor.Actor{Kind: actor.Open}).Ref() {
		var home community.Community
		home, err = community.Load(ctx, r.bulk.db, r.Job.CommunityID)
		allowed = home.Settings.OpenBulkImport
	} else {
		var power access.Authority
		power, err = plan.Authority(ctx, r.bulk.db, r.Job, r.Clock.MS())
		allowed = power.Allows(permission.BulkUpdateUser, r.Clock.MS())
	}
	if err != nil || allowed {
		return err
	}
	return errs.New(errs.Forbidden, "not_allowed_any_more", "The person who started this job no longer has permission for bulk changes. Applied rows are kept. Someone with permission can start it again.")
}
