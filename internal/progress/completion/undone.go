package completion

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/sqldb"
)

// reverseBatch is the number of completions whose rewards one transaction reverses.
const reverseBatch = 200

// writtenAnyTime says that each write may have caused what a check of all members found.
func writtenAnyTime(reach, bulkWrite) bool { return true }

// writtenLater says that a write caused what an event found if it was made after the event:
// fields have their present values.
func writtenLater(r reach, w bulkWrite) bool { return w.at > r.at }

// addCauses adds bulk jobs to what a check has found: a job has caused it if it changed a
// field of the conditions while the milestone could be completed, and isCause agrees.
func addCauses(ctx context.Context, tx *sqldb.Tx, communityID string, reached []reach, isCause func(reach, bulkWrite) bool) error {
	var ids []string
	for _, r := range reached {
		if len(r.of.Conditions.FieldIDs()) > 0 {
			ids = append(ids, r.userID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	writes, err := selectBulkWrites(ctx, tx, communityID, ids)
	for i := range reached {
		r := &reached[i]
		for _, fieldID := range r.of.Conditions.FieldIDs() {
			if last, known := writes[member.FieldOf{UserID: r.userID, FieldID: fieldID}]; known && last.at >= r.of.LiveSince() && isCause(*r, last) {
				r.jobID = last.jobID
			}
		}
	}
	return err
}

// undoneArgs are the arguments of the job that reverses the rewards of completions that an
// undone bulk job caused.
type undoneArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the kind of the job.
func (undoneArgs) Kind() string { return "milestone.undone" }

// OnUndone queues the reversal of the rewards of completions that a bulk job caused, in the
// transaction that marks it as undone. The completions stay, and badges that they awarded.
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
		list, err := selectOfJob(ctx, tx, a.CommunityID, a.JobID, reverseBatch)
		if err != nil || len(list) == 0 {
			return true, err
		}
		if err := s.reverse(ctx, tx, a.CommunityID, list); err != nil {
			return false, err
		}
		return len(list) < reverseBatch, clearJob(ctx, tx, a.CommunityID, a.JobID, list[len(list)-1])
	})
}

// reverse reverses what completions and their awards paid; what was spent of it stays.
func (s *Completions) reverse(ctx context.Context, tx *sqldb.Tx, communityID string, list []Completion) error {
	var entries, awards []string
	for _, c := range list {
		entries, awards = append(entries, c.xpEntry, c.coinsEntry), append(awards, c.awardID)
	}
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
