package bulk

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
)

// ProblemCount is a kind of error and its number of rows.
type ProblemCount struct {
	Column    string        `json:"column"`
	Code      string        `json:"code"`
	Message   errs.Sentence `json:"message"` // of the first such row
	Count     int64         `json:"count"`
	FirstLine int           `json:"firstLine"`
}

// maxKinds limits the number of kinds.
const maxKinds = 1_000

// Problems returns the errors of a job by kind, the most frequent first. It
// fails like Details.
func (b *Bulk) Problems(ctx context.Context, caller actor.Actor, communityID, jobID string) ([]ProblemCount, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	j, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return nil, err
	}
	kinds := map[[2]string]*ProblemCount{}
	err = b.eachFailed(ctx, &j, func(rec *outcome.Record) error {
		for _, p := range rec.Errors {
			key := [2]string{p.Column, p.Code}
			kind := kinds[key]
			if kind == nil && len(kinds) < maxKinds {
				kind = &ProblemCount{Column: p.Column, Code: p.Code, Message: p.Message, FirstLine: rec.Pos.Line}
				kinds[key] = kind
			}
			if kind != nil {
				kind.Count++
			}
		}
		return nil
	})
	list := make([]ProblemCount, 0, len(kinds))
	for _, kind := range kinds {
		list = append(list, *kind)
	}
	slices.SortFunc(list, func(a, b ProblemCount) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return cmp.Or(a.FirstLine-b.FirstLine, cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return list, err
}

// eachFailed visits the failed rows of a job in order.
func (b *Bulk) eachFailed(ctx context.Context, j *job.Job, visit func(*outcome.Record) error) error {
	for number := int64(0); ; {
		batch, err := outcome.Find(ctx, b.db, j.CommunityID, j.ID, number, outcome.Failed, 0)
		if err != nil || batch == nil {
			return err
		}
		list, err := outcome.Unpack(batch.Outcomes)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Outcome != outcome.Failed {
				continue
			}
			if err := visit(&list[i]); err != nil {
				return err
			}
		}
		number = batch.Number + 1
	}
}
