package completion

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/progress/subject"
)

// Statuses of milestones of a member.
const (
	Upcoming = "upcoming"
	Open     = "open"
	Done     = "completed"
	Expired  = "expired"
)

// State is what a member has reached of a milestone.
type State struct {
	milestone.Milestone
	Status   string
	Progress []condition.Progress
	Start    int64 // of the member, Unix milliseconds
	BoostEnd int64 // Unix milliseconds; 0: never, or no boost
	Boosts   bool  // a completion now is boosted

	Completion *Completion // nil: not completed
}

// Of returns the milestones of the member that n names: the enabled ones and those that the
// member has completed, in the order of the list. group selects those of a group; nil: all.
// It fails with Forbidden "missing_permission" for other members unless the caller may read
// about all, and as subject.Viewer.One does.
func (s *Completions) Of(ctx context.Context, caller actor.Actor, communityID string, n subject.Names, group *string) (userID string, list []State, err error) {
	v, err := subject.NewViewer(ctx, s.d.Access, caller, communityID, permission.GetUserStats, permission.Gamification)
	if err != nil {
		return "", nil, err
	}
	who, err := v.One(ctx, s.d.DB, communityID, n)
	if err != nil {
		return "", nil, err
	}
	list, err = s.states(ctx, communityID, who, group)
	return who.ID, list, err
}

// Own is Of for the actor's member. It fails as access.Can does for ViewGamification, or
// with NotFound "user_not_found".
func (s *Completions) Own(ctx context.Context, caller actor.Actor, communityID string) ([]State, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewGamification); err != nil {
		return nil, err
	}
	self, err := directory.Self(ctx, s.d.DB, caller, communityID)
	if err != nil {
		return nil, err
	}
	records, err := member.Lookup(ctx, s.d.DB, communityID, member.KeySet{IDs: []string{self.ID}}, false)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	return s.states(ctx, communityID, records[0], nil)
}

// states returns the milestones of a member.
func (s *Completions) states(ctx context.Context, communityID string, who *member.Record, group *string) ([]State, error) {
	all, err := milestone.All(ctx, s.d.DB, communityID)
	if err != nil {
		return nil, err
	}
	done, err := selectOfMember(ctx, s.d.DB, communityID, who.ID)
	if err != nil {
		return nil, err
	}
	var shown []milestone.Milestone
	for _, m := range all {
		if _, completed := done[m.ID]; (m.Enabled || completed) && (group == nil || m.Group == *group) {
			shown = append(shown, m)
		}
	}
	now, err := figure.Now(ctx, s.d.DB, s.d.Clock, communityID)
	if err != nil {
		return nil, err
	}
	progress, err := s.progress(ctx, communityID, who.ID, now, shown)
	if err != nil {
		return nil, err
	}
	list := make([]State, len(shown))
	for i, m := range shown {
		list[i] = State{Milestone: m, Status: Open, Progress: progress[m.ID], Start: m.StartOf(who.JoinedAt), BoostEnd: m.BoostEnd(who.JoinedAt)}
		one := &list[i]
		if c, completed := done[m.ID]; completed {
			one.Completion = &c
		}
		switch {
		case one.Completion != nil:
			one.Status = Done
		case m.Ended(now.MS):
			one.Status = Expired
		case m.StartsAt > now.MS:
			one.Status = Upcoming
		}
		one.Boosts = (one.Status == Open || one.Status == Upcoming) && m.Boosted(who.JoinedAt, now.MS)
	}
	return list, nil
}

// progress returns the progress of a member by milestone: up to now, or up to the end.
func (s *Completions) progress(ctx context.Context, communityID, userID string, now figure.Moment, list []milestone.Milestone) (map[string][]condition.Progress, error) {
	of := make(map[string][]condition.Progress, len(list))
	span := func(m *milestone.Milestone) count.Span {
		if m.Ended(now.MS) {
			return count.Span{From: m.StartsAt, Until: m.EndsAt}
		}
		return count.Span{From: m.StartsAt}
	}
	for _, group := range bySpan(list, span) {
		values, err := count.Values(ctx, s.d.DB, now, communityID, []string{userID}, group.needs(), group.span)
		if err != nil {
			return nil, err
		}
		for _, m := range group.milestones {
			of[m.ID] = m.Conditions.Progress(values[userID])
		}
	}
	return of, nil
}
