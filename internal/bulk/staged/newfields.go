package staged

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/text"
)

// rejectedField is a new field of a draft that cannot be created.
type rejectedField struct {
	job.NewField
	problem errs.Sentence
}

// resolveNewFields leaves out the new fields of a draft that exist or are invalid,
// and returns the latter.
func (f *Files) resolveNewFields(ctx context.Context, j *job.Job) (rejected []rejectedField, err error) {
	asked := j.Options.NewFields
	if len(asked) == 0 {
		return nil, nil
	}
	existing, err := field.List(ctx, f.db, j.CommunityID)
	if err != nil {
		return nil, err
	}
	var wrong []errs.Field
	j.Options.NewFields, wrong = newfield.Resolve(existing, asked, func() string { return id.New(f.clock.Now()) })
	for _, w := range wrong {
		problem := w.Sentence
		if problem.IsZero() {
			problem = errs.Constant(w.Message)
		}
		at := slices.IndexFunc(asked, func(n job.NewField) bool { return n.Header == w.Field })
		rejected = append(rejected, rejectedField{asked[at], problem})
	}
	return rejected, nil
}

// describeNew sets the new field of a column, its problem or the suggested type.
func (c *Column) describeNew(j *job.Job, rejected []rejectedField) {
	c.NewType = source.SuggestType(c.Samples, j.Formats())
	same := func(n job.NewField) bool { return text.Name(n.Header) == text.Name(c.Header) }
	if at := slices.IndexFunc(j.Options.NewFields, func(n job.NewField) bool { return same(n) && n.Field == c.Field }); at >= 0 {
		c.New = j.Options.NewFields[at].Type
	}
	if at := slices.IndexFunc(rejected, func(r rejectedField) bool { return same(r.NewField) }); at >= 0 {
		c.Field, c.Suggested, c.New, c.Problem = "", false, rejected[at].Type, rejected[at].problem
	}
}

func isNew(fieldID string, list []job.NewField) bool {
	return slices.ContainsFunc(list, func(n job.NewField) bool { return n.ID == fieldID })
}
