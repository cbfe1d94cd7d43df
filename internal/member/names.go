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
	Roles, Tags map[string]string    // id -> name
	Merged      map[string]MergedTag // by id
	ranked      []namedRole          // the highest first, the one of everyone last
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
	n := Names{Roles: map[string]string{}, Tags: map[string]string{}, Merged: map[string]MergedTag{}}
	found, err := selectNames(ctx, q, communityID, tagIDs)
	for _, one := range found {
		switch {
		case one.isTag:
			n.Tags[one.id] = one.title
			continue
		case one.intoID != "":
			n.Merged[one.id] = MergedTag{Name: one.title, Into: one.intoID}
			n.Tags[one.intoID] = one.intoName
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

// RoleNames returns the titles of roles, in the order of the ids, without deleted
// ones.
func (n Names) RoleNames(ids []string) []string {
	titles := []string{}
	for _, id := range ids {
		if title, ok := n.Roles[id]; ok {
			titles = append(titles, title)
		}
	}
	return titles
}

// TagsOf returns the names of the tags of a member, in order.
func (n Names) TagsOf(m *Member) []string { return n.TagNames(m.TagIDs) }

// TagNames returns the names of tags, in order, without deleted ones. A merged
// tag has the name of the other tag.
func (n Names) TagNames(ids []string) []string {
	names := []string{}
	for _, id := range ids {
		if name, ok := n.Tags[n.Unmerged(id)]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Unmerged returns the id of the tag that a tag was merged into, else its own.
func (n Names) Unmerged(tagID string) string { return cmp.Or(n.Merged[tagID].Into, tagID) }

// Role returns the id of the role with an id or title, else ref itself.
func (n Names) Role(ref string) string { return cmp.Or(IDOf(n.Roles, ref), ref) }

// Tag returns the id of the tag with an id or name, else ref itself.
func (n Names) Tag(ref string) string { return cmp.Or(n.FindTag(ref), ref) }

// FindTag returns the id of the tag with an id or name, "" without one. The id of
// a merged tag is that of the other tag.
func (n Names) FindTag(ref string) string { return IDOf(n.Tags, n.Unmerged(ref)) }

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
// ones stay. A merged tag has the name that it had.
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
		shown[i] = cmp.Or(names[key], key)
		if merged, ok := n.Merged[key]; ok && f.Type == field.TagList {
			shown[i] = merged.Name
		}
	}
	slices.Sort(shown)
	return shown
}
