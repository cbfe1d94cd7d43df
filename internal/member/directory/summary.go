package directory

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
)

// CommunitySummary is a community with its owner and number of members.
type CommunitySummary struct {
	community.Community
	Members int64
	Owner   Person // the first owner; zero if there is none
}

// Person names a member.
type Person struct {
	ID       string // of the member
	Number   int64
	Username string
}

// Summaries adds the owner and the number of members to communities.
func (s *Directory) Summaries(ctx context.Context, communities ...community.Community) ([]CommunitySummary, error) {
	ids := make([]string, len(communities))
	for i, c := range communities {
		ids[i] = c.ID
	}
	totals, err := memberTotals(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	owners, err := firstOwners(ctx, s.db, ids)
	homes := make([]CommunitySummary, len(communities))
	for i, c := range communities {
		homes[i] = CommunitySummary{c, totals[c.ID], owners[c.ID]}
	}
	return homes, err
}

// SummariesOf returns the communities of which the actor is an active member,
// or, with deleted, those that the actor owned and that were deleted after
// oldest, so they can be restored; the oldest community first.
func (s *Directory) SummariesOf(ctx context.Context, actor actor.Actor, deleted bool, oldest int64) ([]CommunitySummary, error) {
	ids, err := s.access.CommunitiesOf(ctx, actor)
	if deleted {
		ids, err = deletedCommunities(ctx, s.db, actor.AccountID, oldest)
	}
	if actor.OnlyCommunity != "" {
		ids = slices.DeleteFunc(ids, func(one string) bool { return one != actor.OnlyCommunity })
	}
	if err != nil {
		return nil, err
	}
	found, err := community.LoadMany(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	return s.Summaries(ctx, found...)
}
