package undo

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Codes of the warnings of an undo: what it kept of the fields and tags that the job
// created. They stay when the details of its rows have expired.
const (
	WarnFieldKept = "field_kept"
	WarnTagsKept  = "tags_kept"
)

// Cause is a reason for which an undo kept something.
type Cause struct {
	Created   bool // a field or tag that the job created
	Column    string
	Code      string
	Message   errs.Sentence // of the first such row
	Count     int64
	FirstLine int
}

// Limits of Kept.
const (
	maxKeptBatches = 200
	maxCauses      = 100
)

// Kept returns the causes for which an undo kept something, in the order of the file.
// In a very long undo, causes that are in its last rows only are left out.
func Kept(ctx context.Context, q sqldb.Querier, undo *job.Job) ([]Cause, error) {
	var list []Cause
	rows := int64(0)
	for number := int64(0); number < min(undo.Batches, maxKeptBatches) && rows < undo.Kept; number++ {
		batch, err := outcome.Find(ctx, q, undo.CommunityID, undo.ID, number, 0, 0)
		if err != nil || batch == nil {
			return list, err
		}
		records, err := outcome.Unpack(batch.Outcomes)
		if err != nil {
			return nil, err
		}
		for i := range records {
			if records[i].Kept() {
				rows++
				list = addCauses(list, &records[i])
			}
		}
	}
	slices.SortFunc(list, func(a, b Cause) int { return a.FirstLine - b.FirstLine })
	return list, nil
}

// addCauses adds the errors of a row to causes.
func addCauses(list []Cause, rec *outcome.Record) []Cause {
	for _, e := range rec.Errors {
		at := slices.IndexFunc(list, func(c Cause) bool {
			return c.Column == e.Column && c.Code == e.Code && c.Message.Format == e.Message.Format
		})
		switch {
		case at >= 0:
			list[at].Count++
			list[at].FirstLine = min(list[at].FirstLine, rec.Pos.Line)
		case len(list) < maxCauses:
			list = append(list, Cause{Created: e.Code == "used_elsewhere" && e.Column != field.Username, Column: e.Column, Code: e.Code, Message: e.Message, Count: 1, FirstLine: rec.Pos.Line})
		}
	}
	return list
}
