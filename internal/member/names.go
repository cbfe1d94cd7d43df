package member

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Names tells the names of roles and tags of a community by id.
type Names struct {
	Roles, Tags map[string]string // id -> name
	ranked      []namedRole       // the highest first, the one of everyone last
}

type namedRole struct {
	id, title string
	rank      int64
	everyone  bool
}

// LoadNames reads the names of all roles and tags as they are now.
func LoadNames(ctx context.Context, q sqldb.Querier, communityID string) (Names, error) {
	return loadNames(ctx, q, communityID, nil)
}

// Names is LoadNames for a reader.
func (s *Members) Names(ctx context.Context, communityID string) (Names, error) {
	return loadNames(ctx, s.db, communityID, nil)
}

// NamesFor reads the names of all roles, and of the tags that these members
// have.
func (s *Members) NamesFor(ctx context.Context, communityID string, members ...Member) (Names, error) {
	ids := []string{}
	for i := range members {
		ids = append(ids, members[i].TagIDs...)
	}
	slices.Sort(ids)
	return loadNames(ctx, s.db, communityID, slices.Compact(ids))
}

// loadNames reads all roles, and the tags with these ids; nil are all.
func loadNames(ctx context.Context, q sqldb.Querier, communityID string, tagIDs []string) (Names, error) {
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

// RolesOf returns the titles of a member's roles, the highest first; every
// member has the one of everyone, the last.
func (n Names) RolesOf(m *Member) []string {
	titles := []string{}
	for _, role := range n.ranked {
		if role.everyone || slices.Contains(m.RoleIDs, role.id) {
			titles = append(titles, role.title)
		}
	}
	return titles
}

// TagsOf returns the names of a member's tags in their order.
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

// Role is the id of the role with that id or title; without one, ref itself,
// which nobody has.
func (n Names) Role(ref string) string { return cmp.Or(idOf(n.Roles, ref), ref) }

// Tag is the id of the tag with that id or name; without one, ref itself,
// which nobody has.
func (n Names) Tag(ref string) string { return cmp.Or(idOf(n.Tags, ref), ref) }

// idOf is the id that ref is or names, "" without one. A name equals ref as it
// is before it equals ref as text.Name cleans both.
func idOf(names map[string]string, ref string) string {
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

// Show returns value with names in place of the ids of roles and tags; the id
// of one that is gone stays.
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
