package newfield

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// ReadChoices reads the values of the columns of in from the file of a job or draft, as
// its options and corrections say.
func ReadChoices(ctx context.Context, q sqldb.Querier, table source.File, j *job.Job, in source.ChoiceInput) ([]source.Choices, error) {
	corrected, err := correction.Load(ctx, q, j.CommunityID, cmp.Or(j.CorrectionsOf, j.ID))
	if err != nil {
		return nil, err
	}
	in.Formats, in.Values, in.Corrections = j.Formats(), j.Options.Values, corrected
	return source.ReadChoices(ctx, table, in)
}

// SetChoices sets the options of the new choices of a job that starts to the values of
// their columns, in one pass over the file if there are any. Values that cannot be
// options are warnings. It fails with Invalid "invalid_choices".
func SetChoices(ctx context.Context, q sqldb.Querier, table source.File, l *source.Header, j *job.Job) ([]sheet.Warning, error) {
	j.Options.NewFields = slices.Clone(j.Options.NewFields)
	var columns []source.ChoiceColumn
	var chosen []*job.NewField
	for i := range j.Options.NewFields {
		j.Options.NewFields[i].Options = nil // those of an earlier job
	}
	for i := range l.Columns {
		f := l.Columns[i].Field
		if f == nil || !f.Type.IsChoice() {
			continue
		}
		if at := slices.IndexFunc(j.Options.NewFields, func(n job.NewField) bool { return n.ID == f.ID }); at >= 0 {
			columns, chosen = append(columns, source.ChoiceColumn{Index: i, Field: f}), append(chosen, &j.Options.NewFields[at])
		}
	}
	if columns == nil {
		return nil, nil
	}
	list, err := ReadChoices(ctx, q, table, j, source.ChoiceInput{Columns: columns})
	if err != nil {
		return nil, err
	}
	var warnings []sheet.Warning
	var wrong []errs.Field
	all := 0
	for i := range list {
		n, c := chosen[i], &list[i]
		all += c.Count
		if problem := ProblemOf(n.Header, c); problem != nil {
			wrong = append(wrong, *problem)
			continue
		}
		if n.Options = c.Texts; c.Unfit > 0 {
			warnings = append(warnings, unfit(n.Header, c))
		}
	}
	if wrong == nil && all > source.MaxChoices {
		wrong = append(wrong, errs.Wrong(chosen[0].Header, "too_many_choices", "The new fields have more than %d choices together. Create some of them with the type %s instead.", source.MaxChoices, errs.Word(field.SingleLine)))
	}
	if wrong != nil {
		return nil, errs.New(errs.Invalid, "invalid_choices", "The values of a column cannot be the choices of its new field; each wrong column is listed.").WithFields(wrong...)
	}
	return warnings, nil
}

// ProblemOf returns the reason that the values of a column cannot be the options of a
// new field, nil without one.
func ProblemOf(header string, c *source.Choices) *errs.Field {
	text := errs.Word(field.SingleLine)
	switch {
	case c.Count > field.MaxOptions && c.Partial:
		return new(errs.Wrong(header, "too_many_choices", "The column %[1]q has at least %[2]d different values, and a field has at most %[3]d choices. Create the field with the type %[4]s instead.", header, c.Count, field.MaxOptions, text))
	case c.Count > field.MaxOptions:
		return new(errs.Wrong(header, "too_many_choices", "The column %[1]q has %[2]d different values, and a field has at most %[3]d choices. Create the field with the type %[4]s instead.", header, c.Count, field.MaxOptions, text))
	case c.Count == 0 && !c.Partial:
		return new(errs.Wrong(header, "no_choices", "The column %q has no values that can be choices. Create the field with the type %s instead, or leave the column out.", header, text))
	}
	return nil
}

// WarnValuesUnfit is the code of the warning of values that cannot be options.
const WarnValuesUnfit = "values_no_choice"

func unfit(header string, c *source.Choices) sheet.Warning {
	return sheet.Warning{
		Code: WarnValuesUnfit, Count: c.Unfit, FirstLine: c.UnfitLine,
		Message: errs.NewSentence("Cells of the column %[1]q with values that cannot be choices: %[2]d. A choice has at most %[3]d characters, and no comma if several can be chosen. Their rows fail.", header, c.Unfit, field.MaxOption),
	}
}
