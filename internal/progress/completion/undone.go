package completion

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/sqldb"
)

// due returns what members have reached, with the bulk jobs that caused it. did reports that
// they did something at the time of each.
func (c *check) due(ctx context.Context, ids []string, did bool) ([]reach, error) {
	reached, err := c.reached(ctx, ids)
	if err != nil {
		return nil, err
	}
	var compared []string // members with a field that decided
	for _, r := range reached {
		if len(r.of.Conditions.FieldIDs()) > 0 {
			compared = append(compared, r.userID)
		}
	}
	if len(compared) == 0 {
		return reached, nil
	}
	compared = slices.Compact(slices.Sorted(slices.Values(compared)))
	writes, err := cause.Load(ctx, c.q, c.communityID, compared)
	if err != nil {
		return nil, err
	}
	again, err := c.reached(ctx, compared) // see cause.Load
	if err != nil {
		return nil, err
	}
	still := make(map[pair]bool, len(again))
	for _, r := range again {
		still[pair{r.of.ID, r.userID}] = true
	}
	for i := range reached {
		r := &reached[i]
		done := int64(0)
		if did {
			done = r.at
		}
		r.jobID = writes.Of(r.userID, &r.of.Conditions, r.of.LiveSince(), done)
	}
	return slices.DeleteFunc(reached, func(r reach) bool {
		return len(r.of.Conditions.FieldIDs()) > 0 && !still[pair{r.of.ID, r.userID}]
	}), nil
}

// undoneArgs are the arguments of the job that reverses the rewards of completions and awards
// that an undone bulk job caused.
type undoneArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the kind of the job.
func (undoneArgs) Kind() string { return "milestone.undone" }

// OnUndone queues the reversal of the rewards of completions and awards that a bulk job
// caused, in the transaction that marks it as undone. The completions and the badges stay.
func OnUndone(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := jobs.Insert(ctx, tx, undoneArgs{communityID, jobID}, jobs.Options{CommunityID: communityID})
	return err
}

// reverseUndone reverses rewards that an undone bulk job caused. They stay if the conditions
// are still met: as before the job, or by a value that the undo has kept.
func (s *Completions) reverseUndone(ctx context.Context, j *jobs.Job, a undoneArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) {
		if err := cause.AwaitExaminers(ctx, tx, a.CommunityID); err != nil {
			return false, err
		}
		if done, err = s.reverseNext(ctx, tx, a); err != nil || !done {
			return false, err
		}
		return s.d.Awards.ReverseCaused(ctx, tx, a.CommunityID, a.JobID)
	})
}

// reverseNext reverses the rewards of the next completions; done reports that none is left.
func (s *Completions) reverseNext(ctx context.Context, tx *sqldb.Tx, a undoneArgs) (done bool, err error) {
	list, err := selectOfJob(ctx, tx, a.CommunityID, a.JobID, cause.ReverseBatch)
	if err != nil || len(list) == 0 {
		return true, err
	}
	met, err := s.met(ctx, tx, a.CommunityID, list)
	if err != nil {
		return false, err
	}
	var entries, awards []string
	for _, c := range list {
		if !met[pair{c.MilestoneID, c.UserID}] {
			entries, awards = append(entries, c.xpEntry, c.coinsEntry), append(awards, c.awardID)
		}
	}
	paid, err := award.Entries(ctx, tx, a.CommunityID, awards)
	if err != nil {
		return false, err
	}
	if err := cause.Reverse(ctx, tx, s.d.Ledger, a.CommunityID, append(entries, paid...)); err != nil {
		return false, err
	}
	return false, clearJob(ctx, tx, a.CommunityID, list)
}

// met returns the completions with conditions that are met now, of existing milestones.
func (s *Completions) met(ctx context.Context, q sqldb.Querier, communityID string, list []Completion) (map[pair]bool, error) {
	milestones, err := milestone.All(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	completed, ids := map[string]bool{}, make([]string, len(list))
	for i, c := range list {
		completed[c.MilestoneID], ids[i] = true, c.UserID
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	milestones = slices.DeleteFunc(milestones, func(m milestone.Milestone) bool { return !completed[m.ID] })
	now, err := figure.Now(ctx, q, s.d.Clock, communityID)
	if err != nil {
		return nil, err
	}
	met := map[pair]bool{}
	for _, group := range sinceStart(milestones) {
		values, err := count.Values(ctx, q, now, communityID, ids, group.needs(), group.span)
		if err != nil {
			return nil, err
		}
		for _, m := range group.milestones {
			for _, memberID := range ids {
				met[pair{m.ID, memberID}] = m.Conditions.Met(values[memberID])
			}
		}
	}
	return met, nil
}
