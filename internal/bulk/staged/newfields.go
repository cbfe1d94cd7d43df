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

// newFields are the new fields of a draft by the names of their columns.
type newFields struct {
	accepted map[string][]job.NewField
	rejected map[string]rejectedField
}

func newFieldsOf(j *job.Job, rejected []rejectedField) newFields {
	list := newFields{map[string][]job.NewField{}, map[string]rejectedField{}}
	for _, n := range j.Options.NewFields {
		name := text.Name(n.Header)
		list.accepted[name] = append(list.accepted[name], n)
	}
	for _, r := range slices.Backward(rejected) { // the first one remains
		list.rejected[text.Name(r.Header)] = r
	}
	return list
}

// describe sets the new field of a column, its problem or the suggested type.
func (list newFields) describe(c *Column, formats field.Formats) {
	c.NewType = source.SuggestType(c.Samples, formats)
	name := text.Name(c.Header)
	for _, n := range list.accepted[name] {
		if n.Field == c.Field {
			c.New = n.Type
			break
		}
	}
	if r, ok := list.rejected[name]; ok {
		c.Field, c.Suggested, c.New, c.Problem = "", false, r.Type, r.problem
	}
}

// A preview looks for choices in the first rows.
const (
	choiceRows  = 20_000
	choiceBytes = 16 << 20
)

// readChoices sets the choices of the columns of new fields with choices.
func (f *Files) readChoices(ctx context.Context, j *job.Job, d *Draft, table source.File) error {
	var columns []source.ChoiceColumn
	var chosen []*Column
	for i := range d.Columns {
		if c := &d.Columns[i]; c.New.IsChoice() && c.Problem.IsZero() {
			columns, chosen = append(columns, source.ChoiceColumn{Index: c.Index, Field: &field.Field{Type: c.New}}), append(chosen, c)
		}
	}
	if columns == nil {
		return nil
	}
	list, err := newfield.ReadChoices(ctx, f.db, table, j, source.ChoiceInput{Columns: columns, MostRows: choiceRows, MostBytes: choiceBytes})
	if err != nil {
		return err
	}
	for i, c := range chosen {
		if problem := newfield.ProblemOf(c.Header, &list[i]); problem != nil {
			c.Problem = problem.Sentence
			continue
		}
		c.Choices = &list[i]
	}
	return nil
}

func isNew(fieldID string, list []job.NewField) bool {
	return slices.ContainsFunc(list, func(n job.NewField) bool { return n.ID == fieldID })
}
