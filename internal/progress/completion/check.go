package completion

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/sqldb"
)

// checkBatch is the number of members that one transaction checks.
const checkBatch = 500

// eventImported is the type of an event of a higher layer.
const eventImported = "members.imported"

// check is the check of members for milestones.
type check struct {
	q           sqldb.Querier
	at          figure.Moment
	communityID string
	milestones  []milestone.Milestone
	// times are when members did something, in Unix milliseconds and their order; nil: all
	// are checked as of now.
	times map[string][]int64
}

// reached returns which members meet the conditions of which milestones, and since when.
func (c *check) reached(ctx context.Context, ids []string) (list []reach, err error) {
	done, err := selectDone(ctx, c.q, c.communityID, ids)
	if err != nil {
		return nil, err
	}
	for _, group := range sinceStart(c.milestones) {
		pending := slices.DeleteFunc(slices.Clone(ids), func(memberID string) bool {
			return !slices.ContainsFunc(group.milestones, func(m *milestone.Milestone) bool { return !done[pair{m.ID, memberID}] })
		})
		if len(pending) == 0 {
			continue
		}
		values, err := count.Values(ctx, c.q, c.at, c.communityID, pending, group.needs(), group.span)
		if err != nil {
			return nil, err
		}
		for _, m := range group.milestones {
			for _, memberID := range pending {
				if done[pair{m.ID, memberID}] {
					continue
				}
				at, err := c.metAt(ctx, m, memberID, values[memberID])
				if err != nil {
					return nil, err
				}
				if at != 0 {
					list = append(list, reach{of: m, userID: memberID, at: at})
				}
			}
		}
	}
	return list, nil
}

// metAt returns the first time at which a member meets the conditions of a milestone, given
// the present values; 0: none.
func (c *check) metAt(ctx context.Context, m *milestone.Milestone, memberID string, now condition.Values) (int64, error) {
	if c.times == nil {
		if m.Conditions.Met(now) {
			return c.at.MS, nil
		}
		return 0, nil
	}
	if !m.Conditions.MayHaveMet(now) {
		return 0, nil
	}
	for _, at := range c.times[memberID] {
		if !m.Live(at) {
			continue
		}
		values, err := count.Values(ctx, c.q, c.at, c.communityID, []string{memberID}, []condition.Node{m.Conditions}, count.Span{From: m.StartsAt, Until: at})
		if err != nil {
			return 0, err
		}
		if m.Conditions.Met(values[memberID]) {
			return at, nil
		}
	}
	return 0, nil
}

// spanned are milestones that count in the same span.
type spanned struct {
	span       count.Span
	milestones []*milestone.Milestone
}

func (g *spanned) needs() []condition.Node {
	needs := make([]condition.Node, len(g.milestones))
	for i, m := range g.milestones {
		needs[i] = m.Conditions
	}
	return needs
}

// sinceStart groups milestones by their start.
func sinceStart(list []milestone.Milestone) []spanned {
	return bySpan(list, func(m *milestone.Milestone) count.Span { return count.Span{From: m.StartsAt} })
}

// bySpan groups milestones, in their order.
func bySpan(list []milestone.Milestone, span func(*milestone.Milestone) count.Span) (groups []spanned) {
	for i := range list {
		m := &list[i]
		of := span(m)
		at := slices.IndexFunc(groups, func(g spanned) bool { return g.span == of })
		if at < 0 {
			at = len(groups)
			groups = append(groups, spanned{span: of})
		}
		groups[at].milestones = append(groups[at].milestones, m)
	}
	return groups
}

// checkSome completes the milestones that members reached at some times.
func (s *Completions) checkSome(ctx context.Context, tx *sqldb.Tx, communityID string, times map[string][]int64) error {
	var ids []string
	var first, last int64
	for memberID, list := range times {
		slices.Sort(list)
		times[memberID] = slices.Compact(list)
		if len(ids) == 0 || list[0] < first {
			first = list[0]
		}
		last = max(last, list[len(list)-1])
		ids = append(ids, memberID)
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	milestones, err := milestone.Running(ctx, tx, communityID, first, last)
	if err != nil || len(milestones) == 0 {
		return err
	}
	now, err := figure.Now(ctx, tx, s.d.Clock, communityID)
	if err != nil {
		return err
	}
	c := check{tx, now, communityID, milestones, times}
	reached, err := c.due(ctx, ids, true)
	if err != nil {
		return err
	}
	_, err = s.complete(ctx, tx, communityID, reached)
	return err
}

// handle completes the milestones that the members of events have reached. An import lets
// all members be checked.
func (s *Completions) handle(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	communityID := batch[0].CommunityID
	if err := cause.Examine(ctx, tx, communityID); err != nil {
		return err
	}
	times := map[string][]int64{}
	imported := false
	for i := range batch {
		e := &batch[i]
		switch {
		case e.Type == eventImported:
			imported = true
		case e.UserID != "" && !e.Erased:
			times[e.UserID] = append(times[e.UserID], e.OccurredAt)
		}
	}
	if imported {
		if err := s.requestEvaluation(ctx, tx, communityID); err != nil {
			return err
		}
	}
	return s.checkSome(ctx, tx, communityID, times)
}

// requestEvaluation queues a check of all members if there is a milestone to complete or a
// badge that compares fields.
func (s *Completions) requestEvaluation(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	now := s.d.Clock.MS()
	r, err := loadRules(ctx, tx, communityID, now)
	if err != nil || r.empty() {
		return err
	}
	return milestone.RequestEvaluation(ctx, tx, communityID, now)
}

// rules are what a check of all members examines.
type rules struct {
	milestones []milestone.Milestone
	badges     []badge.Badge // that compare fields; others follow events
}

// loadRules returns the rules of a community at a time, in Unix milliseconds.
func loadRules(ctx context.Context, q sqldb.Querier, communityID string, at int64) (r rules, err error) {
	if r.milestones, err = milestone.Running(ctx, q, communityID, at, at); err == nil {
		r.badges, err = badge.ComparingFields(ctx, q, communityID)
	}
	return r, err
}

func (r *rules) empty() bool { return len(r.milestones) == 0 && len(r.badges) == 0 }

// start runs when a milestone starts.
func (s *Completions) start(ctx context.Context, j *jobs.Job, a milestone.StartArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) { return true, s.requestEvaluation(ctx, tx, a.CommunityID) })
}

// checkMembers checks members that earned something.
func (s *Completions) checkMembers(ctx context.Context, j *jobs.Job, a milestone.CheckArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) {
		times := make(map[string][]int64, len(a.UserIDs))
		for _, memberID := range a.UserIDs {
			times[memberID] = []int64{a.At}
		}
		if err := cause.Examine(ctx, tx, a.CommunityID); err != nil {
			return false, err
		}
		return true, s.checkSome(ctx, tx, a.CommunityID, times)
	})
}

// checkAll checks all members from the saved position to the end.
func (s *Completions) checkAll(ctx context.Context, j *jobs.Job, a milestone.EvaluateArgs) error {
	awarded := ""
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) { return s.checkNext(ctx, tx, a.CommunityID, &awarded) })
}

// checkNext checks the next members and reports whether they were the last ones. Badges and
// milestones have a transaction of their own each: both lock members before balances. awarded
// is the turn after its badges were awarded.
func (s *Completions) checkNext(ctx context.Context, tx *sqldb.Tx, communityID string, awarded *string) (done bool, err error) {
	if err := cause.Examine(ctx, tx, communityID); err != nil {
		return false, err
	}
	e, err := milestone.LockEvaluation(ctx, tx, communityID)
	if err != nil || e.State != milestone.Evaluating {
		return true, err
	}
	now, err := figure.Now(ctx, tx, s.d.Clock, communityID)
	if err != nil {
		return false, err
	}
	r, err := loadRules(ctx, tx, communityID, now.MS)
	if err != nil {
		return false, err
	}
	ids, err := count.MembersAfter(ctx, tx, communityID, e.After, checkBatch)
	if err != nil {
		return false, err
	}
	if turn := fmt.Sprint(e.StartedAt, e.After); len(r.badges) > 0 && len(ids) > 0 && *awarded != turn {
		tx.AfterCommit(func() { *awarded = turn })
		return false, s.d.Awards.AwardCaused(ctx, tx, communityID, r.badges, ids)
	}
	if !r.empty() && len(ids) > 0 {
		c := check{tx, now, communityID, r.milestones, nil}
		reached, err := c.due(ctx, ids, false)
		if err != nil {
			return false, err
		}
		n, err := s.complete(ctx, tx, communityID, reached)
		if err != nil {
			return false, err
		}
		e.Checked, e.Completed, e.After = e.Checked+int64(len(ids)), e.Completed+n, ids[len(ids)-1]
	}
	switch ended := len(ids) < checkBatch || r.empty(); {
	case ended && e.Again:
		e = milestone.Evaluation{State: milestone.Evaluating, StartedAt: now.MS}
	case ended:
		done, e.State, e.FinishedAt = true, milestone.Evaluated, now.MS
	}
	return done, milestone.SetEvaluation(ctx, tx, communityID, e)
}

// endFailed ends the check of a job that was given up.
func (s *Completions) endFailed(ctx context.Context, tx *sqldb.Tx, a milestone.EvaluateArgs, _ jobs.Cause) error {
	e, err := milestone.LockEvaluation(ctx, tx, a.CommunityID)
	if err != nil || e.State != milestone.Evaluating {
		return err
	}
	e.State, e.Again, e.FinishedAt = milestone.Failed, false, s.d.Clock.MS()
	return milestone.SetEvaluation(ctx, tx, a.CommunityID, e)
}

// Preview counts the members that would complete a milestone now if it were enabled;
// milestoneID is that of the stored one, "" for a new one. It fails as
// milestone.Milestones.Create does.
func (s *Completions) Preview(ctx context.Context, caller actor.Actor, communityID, milestoneID string, in milestone.Input) (count.Preview, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return count.Preview{}, err
	}
	fields, err := field.List(ctx, s.d.DB, communityID)
	if err != nil {
		return count.Preview{}, err
	}
	m, err := in.Draft(fields)
	if err != nil {
		return count.Preview{}, err
	}
	now, err := figure.Now(ctx, s.d.DB, s.d.Clock, communityID)
	m.ID, m.Enabled = milestoneID, true
	if err != nil || !m.Live(now.MS) {
		return count.Preview{}, err
	}
	c := check{s.d.DB, now, communityID, []milestone.Milestone{m}, nil}
	return count.NewPreview(ctx, s.d.DB, communityID, func(ids []string) (int, error) {
		suspended, err := count.Suspended(ctx, s.d.DB, communityID, ids, now.MS)
		if err != nil {
			return 0, err
		}
		reached, err := c.reached(ctx, slices.DeleteFunc(ids, func(memberID string) bool { return slices.Contains(suspended, memberID) }))
		return len(reached), err
	})
}
