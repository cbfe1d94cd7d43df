package member

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Names are the names of the roles and tags of a community.
type Names struct {
	Roles, Tags map[string]string // id -> name
	ranked      []namedRole       // the highest first, the one of everyone last
}

type namedRole struct {
	id, title string
	rank      int64
	everyone  bool
}

// LoadNames returns the names of all roles and tags.
func LoadNames(ctx context.Context, q sqldb.Querier, communityID string) (Names, error) {
	return LoadNamesOf(ctx, q, communityID, nil)
}

// LoadNamesOf returns the names of all roles, and of the tags with the ids;
// nil: of all tags.
func LoadNamesOf(ctx context.Context, q sqldb.Querier, communityID string, tagIDs []string) (Names, error) {
	n := Names{Roles: map[string]string{}, Tags: map[string]string{}}
	found, err := selectNames(ctx, q, communityID, tagIDs)
	for _, one := range found {
		if one.isTag {
			n.Tags[one.id] = one.title
			continue
		}
		n.Roles[one.id] = one.title
		n.ranked = append(n.ranked, one.namedRole)
	}
	slices.SortFunc(n.ranked, func(a, b namedRole) int {
		if a.everyone != b.everyone {
			if a.everyone {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.id, b.id))
	})
	return n, err
}

// RolesOf returns the titles of the roles of a member, the highest first and
// @all last.
func (n Names) RolesOf(m *Member) []string {
	titles := []string{}
	for _, role := range n.ranked {
		if role.everyone || slices.Contains(m.RoleIDs, role.id) {
			titles = append(titles, role.title)
		}
	}
	return titles
}

// TagsOf returns the names of the tags of a member, in order.
func (n Names) TagsOf(m *Member) []string {
	names := []string{}
	for _, id := range m.TagIDs {
		if name, ok := n.Tags[id]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Role returns the id of the role with an id or title, else ref itself.
func (n Names) Role(ref string) string { return cmp.Or(IDOf(n.Roles, ref), ref) }

// Tag returns the id of the tag with an id or name, else ref itself.
func (n Names) Tag(ref string) string { return cmp.Or(IDOf(n.Tags, ref), ref) }

// IDOf is the id that ref is or names, "" without one. A name equals ref as it
// is before it equals ref as text.Name cleans both.
func IDOf(names map[string]string, ref string) string {
	if _, ok := names[ref]; ok {
		return ref
	}
	cleaned, found := text.Name(ref), ""
	for id, name := range names {
		switch {
		case name == ref:
			return id
		case text.Name(name) == cleaned:
			found = id
		}
	}
	return found
}

// Show replaces the ids of roles and tags in a value with names; ids of deleted
// ones stay.
func (n Names) Show(f *field.Field, value any) any {
	ids, ok := value.([]string)
	if !ok || f.Type != field.RoleList && f.Type != field.TagList {
		return value
	}
	names := n.Tags
	if f.Type == field.RoleList {
		names = n.Roles
	}
	shown := make([]string, len(ids))
	for i, key := range ids {
		shown[i] = key
		if name, ok := names[key]; ok {
			shown[i] = name
		}
	}
	slices.Sort(shown)
	return shown
}
