// Package choice lists the texts that a column of a file may have.
package choice

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Set is the texts that are values of a field. The zero Set is of a field without a
// closed set.
type Set struct {
	Field field.Field
	Texts []string // in order; none of a language, which has too many
}

// Choices returns the texts that columns may have. It is safe for concurrent use.
type Choices struct {
	db     *sqldb.DB
	access actor.Authorizer
}

// New returns Choices.
func New(db *sqldb.DB, access actor.Authorizer) *Choices { return &Choices{db, access} }

// Of returns the texts of the field with a database name; the zero Set if it has no
// closed set.
func (c *Choices) Of(ctx context.Context, caller actor.Actor, communityID, fieldName string) (Set, error) {
	if err := c.access.Can(ctx, caller, communityID, permission.BulkUpdateUser); err != nil {
		return Set{}, err
	}
	fields, err := field.List(ctx, c.db, communityID)
	if err != nil {
		return Set{}, err
	}
	at := slices.IndexFunc(fields, func(f field.Field) bool { return f.Field == fieldName })
	if at < 0 {
		return Set{}, nil
	}
	return Load(ctx, c.db, communityID, fields[at])
}

// Closed reports whether a field has a closed set of values.
func Closed(f *field.Field) bool {
	switch f.Type {
	case field.Select, field.MultiSelect, field.Boolean, field.Country, field.Language, field.RoleList, field.TagList:
		return true
	}
	return false
}

// Load returns the texts of a field; the zero Set if it has no closed set.
func Load(ctx context.Context, q sqldb.Querier, communityID string, f field.Field) (Set, error) {
	if !Closed(&f) {
		return Set{}, nil
	}
	s := Set{Field: f}
	switch f.Type {
	case field.Select, field.MultiSelect:
		s.Texts = f.Options
	case field.Boolean:
		s.Texts = []string{"true", "false"}
	case field.Country:
		s.Texts = field.CountryCodes()
	case field.RoleList, field.TagList:
		names, err := member.LoadNames(ctx, q, communityID)
		if err != nil {
			return s, err
		}
		found := names.Tags
		if f.Type == field.RoleList {
			found = names.Roles
		}
		s.Texts = slices.DeleteFunc(slices.Sorted(maps.Values(found)), func(name string) bool { return strings.HasPrefix(name, "@") })
	}
	return s, nil
}

// Has reports whether a text is a value of the field.
func (s *Set) Has(text string) bool {
	switch s.Field.Type {
	case field.RoleList, field.TagList:
		return slices.Contains(s.Texts, source.ValueKey(text))
	}
	_, problem := s.Field.FromText(text, field.Formats{})
	return problem == nil
}
