package bulk

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// records are what is kept of a piece's rows. Values of created rows stand in
// the file and are not kept again. A plan is kept with tagNames, for its
// fingerprints.
func records(rows []row, verdicts []verdict, tagNames map[string]string) []record {
	list := make([]record, len(rows))
	for i := range rows {
		v := &verdicts[i]
		list[i] = record{Outcome: v.outcome, Pos: rows[i].pos, Problems: v.problems}
		list[i].Pos.Line = rows[i].line
		if v.person != nil && (v.outcome == Created || v.outcome == Updated) {
			if tagNames == nil || !v.person.newMember && !v.person.imagined {
				list[i].UserID = v.person.ID // a dry run makes no ids up
			}
		}
		if v.outcome == Updated {
			list[i].Changes = stored(named(v.changes, tagNames))
		}
		if tagNames != nil {
			list[i].Digest = v.digest(tagNames)
		}
	}
	return list
}

// named puts names in place of the ids of tags, for a plan: some of them it
// only imagined. Without names the changes stay as they are.
func named(changes []member.Change, tagNames map[string]string) []member.Change {
	if tagNames == nil {
		return changes
	}
	shown := slices.Clone(changes)
	for i := range shown {
		c := &shown[i]
		if c.Field.Type == field.TagList {
			c.Old, c.New = tagsByName(c.Old, tagNames), tagsByName(c.New, tagNames)
		}
	}
	return shown
}

func tagsByName(value any, tagNames map[string]string) any {
	ids, ok := value.([]string)
	if !ok {
		return value
	}
	names := make([]string, len(ids))
	for i, tagID := range ids {
		names[i] = tagNames[tagID]
	}
	slices.Sort(names)
	return names
}

func stored(changes []member.Change) []storedChange {
	list := make([]storedChange, len(changes))
	for i, c := range changes {
		list[i] = storedChange{Field: c.Field.ID, Old: field.AppendValue(nil, c.Old), New: field.AppendValue(nil, c.New)}
	}
	return list
}

// as reports whether a verdict does what a plan's record says, to whom it says.
func (v *verdict) as(planned *record, tagNames map[string]string) bool {
	if v.digest(tagNames) != planned.Digest {
		return false
	}
	if v.person == nil || v.outcome != Created && v.outcome != Updated {
		return true
	}
	return planned.UserID == "" || planned.UserID == v.person.ID
}

// digest is a fingerprint of what a verdict would do, never 0. Tags go in by
// name: one that a dry run only imagined has no id yet.
func (v *verdict) digest(tagNames map[string]string) uint64 {
	shown := func(f *field.Field, value any) []byte {
		if f.Type == field.TagList {
			value = tagsByName(value, tagNames)
		}
		return field.AppendValue(nil, value)
	}
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, v.outcome) // a hash takes every byte
	for _, c := range v.changes {
		old := c.Old
		if v.outcome == Created {
			old = nil
		}
		_, _ = fmt.Fprintf(h, "\x00%s\x00%s\x00%s", c.Field.ID, shown(c.Field, old), shown(c.Field, c.New))
	}
	for _, p := range v.problems {
		_, _ = fmt.Fprintf(h, "\x00%s\x00%s", p.Column, p.Code)
	}
	return h.Sum64() | 1
}

// tagNames are the names of all tags a piece knows, by id.
func (p *planner) tagNames() map[string]string {
	names := make(map[string]string, len(p.tags))
	for name, tagID := range p.tags {
		names[tagID] = name
	}
	for name, tagID := range p.tagIDs {
		names[tagID] = name
	}
	return names
}
