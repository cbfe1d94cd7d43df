// Package earned reads the tiers and badges of members for lists of members.
package earned

import (
	"context"

	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/sqldb"
)

// Rewards are the functions of this package.
func Rewards() directory.Rewards { return directory.Rewards{Of: of, Names: addNames} }

func of(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]figure.Rewards, error) {
	tiers, err := level.Of(ctx, q, communityID, ids)
	if err != nil {
		return nil, err
	}
	badges, err := award.Newest(ctx, q, communityID, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]figure.Rewards, len(ids))
	for _, memberID := range ids {
		if one := (figure.Rewards{Tier: tiers[memberID], Badges: badges[memberID]}); one.Tier.ID != "" || one.Badges != nil {
			found[memberID] = one
		}
	}
	return found, nil
}

func addNames(ctx context.Context, q sqldb.Querier, communityID string, names *directory.FilterNames) error {
	s, err := level.Load(ctx, q, communityID)
	if err != nil {
		return err
	}
	names.Tiers = map[string]string{}
	if s.Active() {
		for _, t := range s.Tiers {
			names.Tiers[t.ID] = t.Name
		}
		names.FirstTier = s.Place(s.Step(0)).TierID
	}
	names.Badges, err = badge.Titles(ctx, q, communityID)
	return err
}
