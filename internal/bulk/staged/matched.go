package staged

import (
	"context"
	"maps"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/mapping"
	"github.com/regulars/regulars/internal/bulk/source"
)

// Matched describes the earlier file that the columns of a draft are matched like.
type Matched struct {
	By      string   // the person of its check; "": erased
	At      int64    // Unix milliseconds
	Dropped []string // headers of fields that exist no more
}

// Headers are the headers of the columns.
func (d *Draft) Headers() []string {
	headers := make([]string, len(d.Columns))
	for i := range d.Columns {
		headers[i] = d.Columns[i].Header
	}
	return headers
}

// findMatched finds the earlier file with the type and the mapping of a draft.
func (f *Files) findMatched(ctx context.Context, j *job.Job, d *Draft, dict *source.Dictionary) error {
	if len(j.Options.Mapping) == 0 {
		return nil
	}
	saved, err := mapping.Load(ctx, f.db, j.CommunityID, d.Headers())
	if err != nil || saved == nil || saved.DraftID == j.ID || saved.Type != j.Type {
		return err
	}
	fields, dropped := saved.For(d.Headers(), dict)
	same := func(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	if maps.EqualFunc(fields, j.Options.Mapping, same) {
		d.Matched = &Matched{By: saved.ActorName, At: saved.UsedAt, Dropped: dropped}
	}
	return nil
}

// UseSaved sets the type, mapping and import options of a new draft to those of the
// latest file with the same header, if there is one. d is the preview of the draft.
func (f *Files) UseSaved(ctx context.Context, j *job.Job, d Draft) (Draft, error) {
	if len(d.Unclear) > 0 || j.Options.FailedOf != "" {
		return d, nil
	}
	saved, err := mapping.Load(ctx, f.db, j.CommunityID, d.Headers())
	if err != nil || saved == nil {
		return d, err
	}
	fields, _ := saved.For(d.Headers(), source.NewDictionary(saved.Type == job.Update, d.Fields))
	saved.Apply(j, fields)
	return f.Preview(ctx, j)
}
