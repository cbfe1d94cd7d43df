package award

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/sqldb"
)

// withCauses adds bulk jobs to awards that are due. It drops an award if its conditions are
// no longer met, see cause.Load.
func (s *Awards) withCauses(ctx context.Context, q sqldb.Querier, communityID string, grants []Grant) ([]Grant, error) {
	var ids []string
	badges := map[string]badge.Badge{}
	for _, g := range grants {
		if g.Badge.ComparesFields() {
			ids, badges[g.Badge.ID] = append(ids, g.UserID), g.Badge
		}
	}
	if len(ids) == 0 {
		return grants, nil
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	writes, err := cause.Load(ctx, q, communityID, ids)
	if err != nil {
		return nil, err
	}
	met, err := s.met(ctx, q, communityID, badges, ids)
	if err != nil {
		return nil, err
	}
	for i := range grants {
		g := &grants[i]
		needs := g.Badge.Needs()
		g.jobID = writes.Of(g.UserID, &needs, g.Badge.ChangedAt, g.At)
	}
	return slices.DeleteFunc(grants, func(g Grant) bool { return g.Badge.ComparesFields() && !met[pair{g.Badge.ID, g.UserID}] }), nil
}

// met returns which members meet the conditions of which automatic badges. An id may be
// repeated.
func (s *Awards) met(ctx context.Context, q sqldb.Querier, communityID string, badges map[string]badge.Badge, ids []string) (map[pair]bool, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var automatic []badge.Badge
	for _, b := range badges {
		if b.IsAutomatic() && b.DeletedAt == 0 {
			automatic = append(automatic, b)
		}
	}
	reached, err := s.reached(ctx, q, communityID, automatic, ids)
	met := make(map[pair]bool, len(reached))
	for _, g := range reached {
		met[pair{g.Badge.ID, g.UserID}] = true
	}
	return met, err
}

// AwardCaused awards badges to those of some members that meet their conditions since a bulk
// job changed or created them, and never had them, in the caller's transaction. Others wait
// for their next event, or for Evaluate. The caller has no other locks.
func (s *Awards) AwardCaused(ctx context.Context, tx *sqldb.Tx, communityID string, badges []badge.Badge, ids []string) error {
	grants, err := s.due(ctx, tx, communityID, badges, ids, nil)
	grants = slices.DeleteFunc(grants, func(g Grant) bool { return g.jobID == "" && id.Time(g.UserID) < g.Badge.ChangedAt })
	if err != nil || len(grants) == 0 {
		return err
	}
	_, err = s.AwardAll(ctx, tx, communityID, grants)
	return err
}

// ReverseCaused reverses the rewards of the next awards that an undone bulk job caused, in
// the caller's transaction; spent amounts stay. Rewards stay if the conditions are
// still met. done reports that no award is left.
func (s *Awards) ReverseCaused(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) (done bool, err error) {
	list, err := selectOfJob(ctx, tx, communityID, jobID, cause.ReverseBatch)
	if err != nil || len(list) == 0 {
		return true, err
	}
	var userIDs, badgeIDs, awards, entries []string
	for _, a := range list {
		userIDs, badgeIDs, awards = append(userIDs, a.UserID), append(badgeIDs, a.BadgeID), append(awards, a.ID)
	}
	badges, err := badge.ByID(ctx, tx, communityID, badgeIDs)
	if err != nil {
		return false, err
	}
	met, err := s.met(ctx, tx, communityID, badges, userIDs)
	if err != nil {
		return false, err
	}
	for _, a := range list {
		if !met[pair{a.BadgeID, a.UserID}] {
			entries = append(entries, a.entries()...)
		}
	}
	if err := cause.Reverse(ctx, tx, s.d.Ledger, communityID, entries); err != nil {
		return false, err
	}
	return false, clearJob(ctx, tx, communityID, awards)
}
