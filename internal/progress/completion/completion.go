// Package completion completes the milestones of package milestone for the members who meet
// their conditions. A completion, its reward and its event are one transaction.
package completion

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Completions.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Access *access.Access
	Ledger *ledger.Ledger
	Awards *award.Awards
}

// Completions are the completions of all communities. It is safe for concurrent use.
type Completions struct{ d Deps }

// New returns the Completions of a database.
func New(d Deps) *Completions { return &Completions{d} }

// Completion is a milestone that a member has completed.
type Completion struct {
	MilestoneID string
	UserID      string
	At          int64 // Unix milliseconds
	Boosted     bool
	Paid        milestone.Reward

	jobID               string // the bulk job that caused it; "": none
	xpEntry, coinsEntry string // of the ledger; "": paid nothing
	awardID             string // of a new award; "": none
}

// reach is a milestone whose conditions a member meets.
type reach struct {
	of     *milestone.Milestone
	userID string
	at     int64  // Unix milliseconds
	jobID  string // the bulk job that caused it; "": none
}

// made is a new completion.
type made struct {
	Completion
	of *milestone.Milestone
}

// complete completes milestones, in the caller's transaction, and returns their number. It
// skips members who have completed them, are suspended or not active. It locks the members,
// so that the caller has locked no milestones and no balances. A reward that the ledger
// refuses is not paid.
func (s *Completions) complete(ctx context.Context, tx *sqldb.Tx, communityID string, reached []reach) (int64, error) {
	if len(reached) == 0 {
		return 0, nil
	}
	members, err := s.lockMembers(ctx, tx, communityID, reached)
	if err != nil {
		return 0, err
	}
	slices.SortStableFunc(reached, func(a, b reach) int { return cmp.Compare(a.userID, b.userID) })
	var list []made
	counts := map[string]int64{}
	for _, r := range reached {
		who := members[r.userID]
		if who == nil {
			continue
		}
		one := made{Completion{MilestoneID: r.of.ID, UserID: r.userID, At: r.at, Boosted: r.of.Boosted(who.JoinedAt, r.at), jobID: r.jobID}, r.of}
		added, err := insert(ctx, tx, communityID, one.Completion)
		if err != nil {
			return 0, err
		}
		if added {
			list = append(list, one)
			counts[r.of.ID]++
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	if err := s.pay(ctx, tx, communityID, list); err != nil {
		return 0, err
	}
	for _, one := range list {
		if err := s.appendEvent(ctx, tx, communityID, members[one.UserID], one); err != nil {
			return 0, err
		}
	}
	return int64(len(list)), addCounts(ctx, tx, communityID, counts)
}

// lockMembers locks those who may complete milestones, by their ids.
func (s *Completions) lockMembers(ctx context.Context, tx *sqldb.Tx, communityID string, reached []reach) (map[string]*member.Record, error) {
	ids := make([]string, len(reached))
	for i, r := range reached {
		ids[i] = r.userID
	}
	records, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: ids}, true)
	if err != nil {
		return nil, err
	}
	suspended, err := count.Suspended(ctx, tx, communityID, ids, s.d.Clock.MS())
	if err != nil {
		return nil, err
	}
	members := map[string]*member.Record{}
	for _, who := range records {
		if who.State == member.Active && !slices.Contains(suspended, who.ID) {
			members[who.ID] = who
		}
	}
	return members, nil
}

// addCounts updates the numbers of members that have completed milestones, in the order of
// the milestones.
func addCounts(ctx context.Context, tx *sqldb.Tx, communityID string, counts map[string]int64) error {
	for _, milestoneID := range slices.Sorted(maps.Keys(counts)) {
		if err := milestone.CountCompleted(ctx, tx, communityID, milestoneID, counts[milestoneID]); err != nil {
			return err
		}
	}
	return nil
}

// pay pays the rewards of new completions and stores them.
func (s *Completions) pay(ctx context.Context, tx *sqldb.Tx, communityID string, list []made) error {
	if err := s.post(ctx, tx, communityID, list); err != nil {
		return err
	}
	if err := s.award(ctx, tx, communityID, list); err != nil {
		return err
	}
	for i := range list {
		if list[i].Paid == (milestone.Reward{}) {
			continue
		}
		if err := setPaid(ctx, tx, communityID, list[i].Completion); err != nil {
			return err
		}
	}
	return nil
}

// post posts the entries of new completions.
func (s *Completions) post(ctx context.Context, tx *sqldb.Tx, communityID string, list []made) error {
	var posts []ledger.Post
	var of []int
	for i := range list {
		one := &list[i]
		pays := one.of.Pays(one.Boosted)
		for _, part := range []struct {
			unit   ledger.Unit
			amount int64
		}{{ledger.XP, pays.XP}, {ledger.Coins, pays.Coins}} {
			if part.amount > 0 {
				posts = append(posts, ledger.Post{
					UserID: one.UserID, Unit: part.unit, Amount: part.amount, Reason: one.of.Name, Source: ledger.Source{Type: ledger.FromMilestone, ID: one.MilestoneID}, OccurredAt: one.At,
				})
				of = append(of, i)
			}
		}
	}
	if len(posts) == 0 {
		return nil
	}
	results, err := s.d.Ledger.Post(ctx, tx, communityID, posts)
	if err != nil {
		return err
	}
	for i, result := range results {
		one := &list[of[i]]
		switch {
		case result.Err != nil:
			s.d.Log.WarnContext(ctx, "reward of a milestone not paid", "community_id", communityID, "milestone_id", one.MilestoneID, "user_id", one.UserID, "code", errs.From(result.Err).Code)
		case result.Entry.Unit == ledger.XP:
			one.Paid.XP, one.xpEntry = result.Entry.Amount, result.Entry.ID
		default:
			one.Paid.Coins, one.coinsEntry = result.Entry.Amount, result.Entry.ID
		}
	}
	return nil
}

// award awards the badges of new completions, unless they were deleted.
func (s *Completions) award(ctx context.Context, tx *sqldb.Tx, communityID string, list []made) error {
	var ids []string
	for i := range list {
		if badgeID := list[i].of.Reward.BadgeID; badgeID != "" {
			ids = append(ids, badgeID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	badges, err := badge.ByID(ctx, tx, communityID, ids)
	if err != nil {
		return err
	}
	var grants []award.Grant
	for i := range list {
		one := &list[i]
		if b, known := badges[one.of.Reward.BadgeID]; known && b.DeletedAt == 0 {
			one.Paid.BadgeID = b.ID
			grants = append(grants, award.Grant{Badge: b, UserID: one.UserID, At: one.At})
		}
	}
	awards, err := s.d.Awards.AwardAll(ctx, tx, communityID, grants)
	for _, a := range awards {
		for i := range list {
			if one := &list[i]; one.UserID == a.UserID && one.Paid.BadgeID == a.BadgeID {
				one.awardID = a.ID
			}
		}
	}
	return err
}

// EventCompleted is the type of the event of a completion.
const EventCompleted = "milestone.completed" // Completed

// Completed is the data of EventCompleted.
type Completed struct {
	User      member.EventUser `json:"user"`
	Milestone EventMilestone   `json:"milestone"`
	Rewards   EventRewards     `json:"rewards" doc:"What the completion paid."`
	Boosted   bool             `json:"boosted"`
}

// EventMilestone is the milestone of an event.
type EventMilestone struct {
	ID    string `json:"_id"`
	Name  string `json:"name" doc:"The name at that time."`
	Group string `json:"group"`
}

// EventRewards are the rewards of an event.
type EventRewards struct {
	XP      int64   `json:"xp"`
	Coins   int64   `json:"coins"`
	BadgeID *string `json:"badgeId" nullable:"true"`
}

var events = []event.Type{{Name: EventCompleted, Member: "the member", Data: Completed{}, Description: "A member completed a milestone."}}

func (s *Completions) appendEvent(ctx context.Context, tx *sqldb.Tx, communityID string, who *member.Record, one made) error {
	data := Completed{who.EventUser(), EventMilestone{one.of.ID, one.of.Name, one.of.Group}, EventRewards{XP: one.Paid.XP, Coins: one.Paid.Coins}, one.Boosted}
	if one.Paid.BadgeID != "" {
		data.Rewards.BadgeID = &one.Paid.BadgeID
	}
	return member.AppendEvent(ctx, tx, actor.Actor{}, s.d.Clock.MS(), communityID, EventCompleted, who, data)
}
