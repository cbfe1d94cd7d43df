// Package newfield creates the fields that bulk jobs need for columns of their
// files, and deletes them in an undo unless something else uses them.
package newfield

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Resolve returns the new fields of a job that do not exist, with ids. One whose name
// belongs to a custom field of the same type is left out: the column is that field.
// The problems of the others are listed by header.
func Resolve(existing []field.Field, list []job.NewField, newID func() string) (resolved []job.NewField, wrong []errs.Field) {
	custom := slices.DeleteFunc(slices.Clone(existing), func(f field.Field) bool { return f.Default })
	known, names := len(custom), newNames(custom)
	for _, n := range list {
		if n.ID == "" {
			n.ID = newID()
		}
		f, problem := n.Definition()
		if problem != nil {
			wrong = append(wrong, *problem)
			continue
		}
		if at := names.find(custom, &f); at >= 0 {
			if other := &custom[at]; at >= known || other.Type != f.Type {
				wrong = append(wrong, errs.Wrong(n.Header, "duplicate_field", "There is a field %q of the type %s already. Map the column to that field, or rename the column.", other.Name, errs.Word(other.Type)))
			}
			continue
		}
		if e := errs.From(field.CheckNumber(len(custom))); e != nil {
			wrong = append(wrong, e.Sentence.Field(n.Header, e.Code))
			continue
		}
		names.add(&f, len(custom))
		custom, resolved = append(custom, f), append(resolved, n)
	}
	return resolved, wrong
}

// fieldNames are the indexes of fields in a list, by field.HeaderKey of their names.
type fieldNames map[string]int

func newNames(list []field.Field) fieldNames {
	names := fieldNames{}
	for i := range list {
		names.add(&list[i], i)
	}
	return names
}

func (names fieldNames) add(f *field.Field, at int) {
	for _, name := range []string{f.Field, f.Name} {
		key := field.HeaderKey(name)
		if _, known := names[key]; !known {
			names[key] = at
		}
	}
}

// find returns the index of the first field of the list with the id or a name of
// another one, -1 without one.
func (names fieldNames) find(list []field.Field, f *field.Field) int {
	first := slices.IndexFunc(list, func(other field.Field) bool { return other.ID == f.ID })
	for _, name := range []string{f.Field, f.Name} {
		if at, known := names[field.HeaderKey(name)]; known && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// Mapping returns the mapping of a file with the columns of new fields that it does
// not mention.
func Mapping(header []string, mapping map[string]*string, list []job.NewField) map[string]*string {
	mapping = maps.Clone(mapping)
	fields := map[string]string{}
	for _, n := range list {
		if name := text.Name(n.Header); fields[name] == "" {
			fields[name] = n.Field
		}
	}
	for _, name := range header {
		target := fields[text.Name(name)]
		_, exact := mapping[name]
		_, plain := mapping[text.Name(name)]
		if exact || plain || target == "" {
			continue
		}
		if mapping == nil {
			mapping = map[string]*string{}
		}
		mapping[name] = &target
	}
	return mapping
}

// CheckColumns fails with Invalid "invalid_header" if a new field has no column in
// the file.
func CheckColumns(l *source.Header, list []job.NewField) error {
	var wrong []errs.Field
	for _, n := range list {
		if !slices.ContainsFunc(l.Columns, func(c source.Column) bool { return c.Field != nil && c.Field.ID == n.ID }) {
			wrong = append(wrong, errs.Wrong(n.Header, "unknown_header", "No column is mapped to the new field %q. Correct the header in createFields, or leave the field out.", n.Name))
		}
	}
	if wrong == nil {
		return nil
	}
	return errInvalidHeader(wrong)
}

func errInvalidHeader(wrong []errs.Field) error {
	return errs.New(errs.Invalid, "invalid_header", "The header of the file is invalid; each wrong column is listed.").WithFields(wrong...)
}

// ResolveAll is Resolve for a job that starts: problems are an Invalid
// "invalid_header".
func ResolveAll(ctx context.Context, q sqldb.Querier, communityID string, list []job.NewField, newID func() string) ([]job.NewField, error) {
	if len(list) == 0 {
		return nil, nil
	}
	existing, err := field.List(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	resolved, wrong := Resolve(existing, list, newID)
	if wrong != nil {
		return nil, errInvalidHeader(wrong)
	}
	return resolved, nil
}

// Create creates the new fields of a job in the transaction that queues it. It fails
// with Conflict "duplicate_field" or "too_many_fields".
func Create(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, j *job.Job) error {
	for _, n := range j.Options.NewFields {
		f, problem := n.Definition()
		if problem != nil {
			return errInvalidHeader([]errs.Field{*problem})
		}
		f.CreatedAt = j.CreatedAt
		err := field.Insert(ctx, tx, j.CommunityID, &f)
		if sqldb.IsDuplicate(err) {
			return field.ErrDuplicate()
		}
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, j.CommunityID, j.ID, f.ID); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, caller, j.CreatedAt, j.CommunityID, "field.create", audit.Target{Type: "field", ID: f.ID, Name: f.Name}); err != nil {
			return err
		}
	}
	return nil
}

// CheckCreated fails with Conflict "field_gone" if a field that a job created was
// deleted.
func CheckCreated(ctx context.Context, q sqldb.Querier, j *job.Job) error {
	existing, err := field.ListCustom(ctx, q, j.CommunityID)
	if err != nil {
		return err
	}
	for _, n := range j.Options.NewFields {
		if !slices.ContainsFunc(existing, func(f field.Field) bool { return f.ID == n.ID }) {
			return errs.New(errs.Conflict, "field_gone", "The field %q, which the job created, was deleted. Upload the missing rows in a new import.", n.Name)
		}
	}
	return nil
}
