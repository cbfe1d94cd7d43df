package staged

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/choice"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/mapping"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
)

// Matched describes the earlier file that the columns of a draft are matched like.
type Matched struct {
	By      string   // the person of its check; "": erased
	At      int64    // Unix milliseconds
	Dropped []string // headers of fields that exist no more

	Values        int           // mapped texts of that file that the draft has too
	DroppedValues []MappedValue // that the fields do not have now
}

// MappedValue is a text of a column with the text to read instead.
type MappedValue struct{ Header, From, To string }

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
	if !maps.EqualFunc(fields, j.Options.Mapping, same) {
		return nil
	}
	m := &Matched{By: saved.ActorName, At: saved.UsedAt, Dropped: dropped}
	values, gone, err := f.valuesOf(ctx, j.CommunityID, saved, d.Headers(), dict)
	for header, texts := range values {
		now := j.Options.Values.Of(header)
		for from, to := range texts {
			if text, mapped := now[from]; mapped && text == to {
				m.Values++
			}
		}
	}
	for _, one := range gone {
		if _, mapped := j.Options.Values.Of(one.Header)[one.From]; !mapped {
			m.DroppedValues = append(m.DroppedValues, one)
		}
	}
	d.Matched = m
	return err
}

// valuesOf returns the mapped texts of a saved mapping by the headers of a file, and
// those that the fields do not have now.
func (f *Files) valuesOf(ctx context.Context, communityID string, saved *mapping.Saved, headers []string, dict *source.Dictionary) (values source.Values, dropped []MappedValue, err error) {
	if len(saved.Options.Values) == 0 {
		return nil, nil, nil
	}
	targets, _ := saved.For(headers, dict)
	fields := source.NewMapping(targets)
	values = source.Values{}
	for i, header := range headers {
		texts := saved.Options.Values[field.HeaderKey(header)]
		column, problem := dict.Column(i, header, fields)
		if len(texts) == 0 || problem != nil || column.Field == nil {
			continue
		}
		set, err := choice.Load(ctx, f.db, communityID, *column.Field)
		if err != nil {
			return nil, nil, err
		}
		for _, from := range slices.Sorted(maps.Keys(texts)) {
			if !possible(&set, texts[from], &saved.Options) {
				dropped = append(dropped, MappedValue{header, from, texts[from]})
				continue
			}
			if values[header] == nil {
				values[header] = map[string]string{}
			}
			values[header][from] = texts[from]
		}
	}
	return values, dropped, nil
}

// possible reports whether a column can have a text: an empty cell, or values of the
// set.
func possible(set *choice.Set, text string, o *job.Options) bool {
	parts := []string{text}
	switch set.Field.Type {
	case "":
		return true // of any text
	case field.RoleList, field.TagList, field.MultiSelect:
		parts = strings.Split(text, field.Formats{List: o.ListSeparator}.ListSeparator())
	}
	if set.Field.Type == field.TagList && o.CreateTags || source.Clears(text) {
		return true
	}
	return !slices.ContainsFunc(parts, func(part string) bool { return strings.TrimSpace(part) != "" && !set.Has(part) })
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
	dict := saved.Type.Dictionary(d.Fields)
	fields, _ := saved.For(d.Headers(), dict)
	values, _, err := f.valuesOf(ctx, j.CommunityID, saved, d.Headers(), dict)
	if err != nil {
		return d, err
	}
	saved.Apply(j, fields, values)
	return f.Preview(ctx, j)
}
