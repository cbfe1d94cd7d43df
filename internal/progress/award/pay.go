package award

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/sqldb"
)

// made is a new award of a Grant.
type made struct {
	Award
	grant *Grant
}

// pay pays the rewards of new awards, unless an earlier award of the badge left its reward
// to the member.
func (s *Awards) pay(ctx context.Context, tx *sqldb.Tx, communityID string, list []made) error {
	posts, of, err := s.posts(ctx, tx, communityID, list)
	if err != nil || len(posts) == 0 {
		return err
	}
	results, err := s.d.Ledger.Post(ctx, tx, communityID, posts)
	if err != nil {
		return err
	}
	for i, result := range results {
		one := &list[of[i]]
		if result.Err != nil && one.grant.automatic() {
			s.d.Log.WarnContext(ctx, "reward of a badge not paid", "community_id", communityID, "award_id", one.ID, "code", errs.From(result.Err).Code)
			continue
		}
		if result.Err != nil {
			return result.Err
		}
		if result.Entry.Unit == ledger.XP {
			one.Paid.XP, one.xpEntry = result.Entry.Amount, result.Entry.ID
		} else {
			one.Paid.Coins, one.coinsEntry = result.Entry.Amount, result.Entry.ID
		}
	}
	for i := range list {
		if list[i].Paid != (badge.Reward{}) {
			if err := setPaid(ctx, tx, communityID, list[i].Award); err != nil {
				return err
			}
		}
	}
	return nil
}

// posts returns the entries of new awards, and the position of the award of each.
func (s *Awards) posts(ctx context.Context, tx *sqldb.Tx, communityID string, list []made) (posts []ledger.Post, of []int, err error) {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].UserID
	}
	kept, err := selectKept(ctx, tx, communityID, ids)
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		one := &list[i]
		if kept[pair{one.BadgeID, one.UserID}] {
			continue
		}
		reward := one.Badge.Reward()
		for _, part := range []struct {
			unit   ledger.Unit
			amount int64
		}{{ledger.XP, reward.XP}, {ledger.Coins, reward.Coins}} {
			if part.amount == 0 {
				continue
			}
			posts = append(posts, ledger.Post{
				UserID: one.UserID, Unit: part.unit, Amount: part.amount, Reason: one.Badge.Title, Source: ledger.Source{Type: ledger.FromBadge, ID: one.ID},
				OccurredAt: one.At, ByOperator: !one.grant.automatic(),
			})
			of = append(of, i)
		}
	}
	return posts, of, nil
}

// reverse reverses the reward of an award; what was spent of it stays.
func (s *Awards) reverse(ctx context.Context, tx *sqldb.Tx, communityID string, one Award) error {
	entries := one.entries()
	if len(entries) == 0 {
		return nil
	}
	results, err := s.d.Ledger.ReverseMany(ctx, tx, communityID, entries, one.Badge.Title)
	for _, result := range results {
		if result.Err != nil && !errs.Is(result.Err, "already_reversed") {
			return result.Err
		}
	}
	return err
}
