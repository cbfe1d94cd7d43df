package completion

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/sqldb"
)

// reverseBatch is the number of completions whose rewards one transaction reverses.
const reverseBatch = 200

// addCauses adds bulk jobs to what a check has found. did reports that members did something
// at the time of each.
func addCauses(ctx context.Context, tx *sqldb.Tx, communityID string, reached []reach, did bool) error {
	var ids []string
	for _, r := range reached {
		if len(r.of.Conditions.FieldIDs()) > 0 {
			ids = append(ids, r.userID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	writes, err := cause.Load(ctx, tx, communityID, ids)
	for i := range reached {
		r := &reached[i]
		done := int64(0)
		if did {
			done = r.at
		}
		r.jobID = writes.Of(r.userID, &r.of.Conditions, r.of.LiveSince(), done)
	}
	return err
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

// reverseUndone reverses rewards that an undone bulk job caused. The lock lets a check end
// that has read the values of the job.
func (s *Completions) reverseUndone(ctx context.Context, j *jobs.Job, a undoneArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) {
		if _, err := milestone.LockEvaluation(ctx, tx, a.CommunityID); err != nil {
			return false, err
		}
		if done, err = s.reverseCompletions(ctx, tx, a); err != nil || !done {
			return false, err
		}
		return s.reverseAwards(ctx, tx, a)
	})
}

// reverseCompletions reverses the rewards of the next completions and reports whether they
// were the last ones.
func (s *Completions) reverseCompletions(ctx context.Context, tx *sqldb.Tx, a undoneArgs) (done bool, err error) {
	list, err := selectOfJob(ctx, tx, a.CommunityID, a.JobID, reverseBatch)
	if err != nil || len(list) == 0 {
		return true, err
	}
	var entries, awards []string
	for _, c := range list {
		entries, awards = append(entries, c.xpEntry, c.coinsEntry), append(awards, c.awardID)
	}
	if err := s.reverse(ctx, tx, a.CommunityID, entries, awards); err != nil {
		return false, err
	}
	return len(list) < reverseBatch, clearJob(ctx, tx, a.CommunityID, a.JobID, list[len(list)-1])
}

// reverseAwards is reverseCompletions for awards.
func (s *Completions) reverseAwards(ctx context.Context, tx *sqldb.Tx, a undoneArgs) (done bool, err error) {
	list, err := award.OfJob(ctx, tx, a.CommunityID, a.JobID, reverseBatch)
	if err != nil || len(list) == 0 {
		return true, err
	}
	if err := s.reverse(ctx, tx, a.CommunityID, nil, list); err != nil {
		return false, err
	}
	return len(list) < reverseBatch, award.ClearJob(ctx, tx, a.CommunityID, a.JobID, list[len(list)-1])
}

// reverse reverses entries, and those that awards paid; what was spent of them stays.
func (s *Completions) reverse(ctx context.Context, tx *sqldb.Tx, communityID string, entries, awards []string) error {
	paid, err := award.Entries(ctx, tx, communityID, awards)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(append(entries, paid...), func(entryID string) bool { return entryID == "" })
	results, err := s.d.Ledger.ReverseMany(ctx, tx, communityID, entries, "Undo of a bulk job")
	for _, result := range results {
		if result.Err != nil && !errs.Is(result.Err, "already_reversed") && !errs.Is(result.Err, "not_reversible") {
			return result.Err
		}
	}
	return err
}
