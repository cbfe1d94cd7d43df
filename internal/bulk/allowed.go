package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// power is how far who began the job reaches now.
func (r *run) power(ctx context.Context, q sqldb.Querier) (access.Authority, error) {
	return access.AuthorityOfRef(ctx, q, member.Memberships{}, r.job.Actor, r.job.CommunityID, r.clock.MS())
}

// mayGoOn fails with Forbidden "not_allowed_any_more" when who began the job
// could not begin it now.
func (r *run) mayGoOn(ctx context.Context) error {
	var allowed bool
	var err error
	if r.job.Actor == (actor.Actor{Kind: actor.Open}).Ref() {
		var home community.Community
		home, err = community.Load(ctx, r.db, r.job.CommunityID)
		allowed = home.Settings.OpenBulkImport
	} else {
		var power access.Authority
		power, err = r.power(ctx, r.db)
		allowed = power.Allows(access.PermBulkUpdateUser, r.clock.MS())
	}
	if err != nil || allowed {
		return err
	}
	return errs.New(errs.Forbidden, "not_allowed_any_more", "Who started this job may not change members in bulk here any more. What it had done before stays; somebody who may can start it again.")
}
