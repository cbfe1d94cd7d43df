package tier

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/sqldb"
)

// Distribution is how many members each tier has by the XP of members now.
type Distribution struct {
	Below int64   // below the first threshold
	Tiers []int64 // in the order of the tiers
}

// Preview returns the distribution of members over new tiers, and stores nothing. Members
// that keep a higher tier count by their XP. It fails as access.Can does for gamification
// and as Replace does for invalid tiers.
func (t *Tiers) Preview(ctx context.Context, caller actor.Actor, communityID string, in Input) (Distribution, error) {
	if err := t.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Distribution{}, err
	}
	tiers, err := in.normalise()
	if err != nil {
		return Distribution{}, err
	}
	var d Distribution
	if d.Below, err = member.CountMembers(ctx, t.d.DB, communityID); err != nil || len(tiers) == 0 {
		return d, err
	}
	if d.Tiers, err = countActive(ctx, t.d.DB, communityID, tiers); err != nil {
		return d, err
	}
	for _, n := range d.Tiers {
		d.Below -= n
	}
	d.Below = max(d.Below, 0) // a member may join or leave between the counts
	if tiers[0].Thresholds[0] == 0 {
		d.Tiers[0], d.Below = d.Tiers[0]+d.Below, 0
	}
	return d, nil
}

// countActive returns the number of active members with XP in each tier. Most balances
// belong to active members, so the few others are subtracted: a join of all balances with
// their members takes ten times as long.
func countActive(ctx context.Context, q sqldb.Querier, communityID string, tiers []level.Tier) ([]int64, error) {
	first := make([]int64, len(tiers))
	for i, one := range tiers {
		first[i] = one.Thresholds[0]
	}
	counts, err := countByXP(ctx, q, communityID, first)
	if err != nil {
		return nil, err
	}
	gone, err := inactive(ctx, q, communityID)
	if err != nil || len(gone) == 0 {
		return counts, err
	}
	had, err := balances(ctx, q, communityID, gone)
	s := level.Settings{Tiers: tiers}
	for _, xp := range had {
		if step := s.Step(xp); step != level.Below && xp > 0 {
			counts[step/level.PerTier]--
		}
	}
	return counts, err
}
