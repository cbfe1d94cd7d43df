package plan

import (
	"slices"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// records returns the records of a batch. Values of created rows are in the file
// and not repeated. The records of a dry run have tagNames, for the digests.
func records(rows []source.Row, decisions []Decision, tagNames map[string]string) []outcome.Record {
	list := make([]outcome.Record, len(rows))
	for i := range rows {
		v := &decisions[i]
		list[i] = outcome.Record{Outcome: v.outcome, Pos: rows[i].Pos, Errors: v.errors}
		list[i].Pos.Line = rows[i].Line
		if v.Entry != nil && (v.outcome == outcome.Created || v.outcome == outcome.Updated) {
			if tagNames == nil || !v.Entry.created && !v.Entry.simulated {
				list[i].UserID = v.Entry.ID // simulated members have no id
			}
		}
		if v.outcome == outcome.Updated {
			list[i].Changes = outcome.NewChanges(withTagNames(v.changes, tagNames))
		}
		if tagNames != nil {
			list[i].Digest = v.digest(tagNames)
		}
	}
	return list
}

// withTagNames replaces the ids of tags by names for the record of a dry run: new
// tags have no id. With nil the changes are returned as they are.
func withTagNames(changes []member.Change, tagNames map[string]string) []member.Change {
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
