package plan

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// matcher returns the keys of rows.
type matcher struct {
	update bool   // an identifier alone is sufficient
	room   [8]Key // of the returned slices
}

// matchKeys are the keys that identify the member of a row, in order of
// preference. The slice is valid until the next call.
func (m *matcher) matchKeys(r *source.Row) []Key {
	keys := m.room[:0]
	if r.UserRef != "" {
		return append(keys, Key{source.RefKey, r.UserRef})
	}
	if r.EmailKey != "" {
		keys = append(keys, Key{field.EmailName, r.EmailKey})
	}
	if r.UsernameKey != "" {
		keys = append(keys, Key{field.Username, r.UsernameKey})
	}
	if len(keys) > 0 || !m.update {
		return keys
	}
	for i := range r.Cells {
		if s := &r.Cells[i]; s.Field.Identifier && !s.Field.Default && s.Value != nil {
			keys = append(keys, Key{s.Field.ID, member.IdentifierKey(s.Value)})
		}
	}
	return keys
}

// lookupKeys are all keys of a row that need a lookup. The slice is valid
// until the next call.
func (m *matcher) lookupKeys(r *source.Row) []Key {
	keys := m.matchKeys(r)
	if r.UserRef != "" {
		if r.UsernameKey != "" {
			keys = append(keys, Key{field.Username, r.UsernameKey})
		}
	}
	for i := range r.Cells {
		if s := &r.Cells[i]; s.Field.Identifier && !s.Field.Default && s.Value != nil {
			keys = append(keys, Key{s.Field.ID, member.IdentifierKey(s.Value)})
		}
	}
	return keys
}

// firstKeys are the preferred keys of the rows.
func firstKeys(ru *Rules, rows []source.Row) []Key {
	m := matcher{update: ru.update}
	keys := make([]Key, 0, len(rows))
	for i := range rows {
		if known := m.matchKeys(&rows[i]); len(rows[i].Errors) == 0 && len(known) > 0 {
			keys = append(keys, known[0])
		}
	}
	return keys
}

// allKeys are the lookup keys of all rows.
func allKeys(ru *Rules, rows []source.Row) []Key {
	m := matcher{update: ru.update}
	keys := make([]Key, 0, 2*len(rows))
	for i := range rows {
		if len(rows[i].Errors) == 0 {
			keys = append(keys, m.lookupKeys(&rows[i])...)
		}
	}
	return keys
}

// earlierLines are the lines of earlier batches that created or changed members,
// by id; 0: none did.
type earlierLines map[string]int

// repeated returns the error of a row that gives a member of an earlier row
// another username; nil if it does not.
func (p *decider) repeated(r *source.Row, entry *Entry) *source.RowError {
	line := entry.line
	if line == 0 && !entry.created && !entry.carriedOver && entry.UpdatedAt >= p.since {
		var known bool
		if line, known = p.earlier[entry.ID]; !known {
			p.suspects = append(p.suspects, entry.ID)
		}
	}
	if line == 0 {
		return nil
	}
	return source.NewRowError(p.header(field.Username), "person_repeated",
		errs.NewSentence("Line %d is about the same person, with another username. Correct the email or the username in one of the lines.", line), r.Username)
}

// findEarlier looks for the members among ids that earlier batches of the job
// created or changed. Only members that changed since the start of the job are
// looked up.
func (pl *Planner) findEarlier(ctx context.Context, q sqldb.Querier, ids []string, into earlierLines) error {
	for _, id := range ids {
		into[id] = 0
	}
	for number := int64(0); pl.JobID != ""; number++ {
		batch, err := outcome.Find(ctx, q, pl.CommunityID, pl.JobID, number, 0, 0)
		if err != nil || batch == nil {
			return err
		}
		number = batch.Number
		list, err := outcome.Unpack(batch.Outcomes)
		if err != nil {
			return err
		}
		for i := range list {
			if known, asked := into[list[i].UserID]; asked && known == 0 && list[i].UserID != "" {
				into[list[i].UserID] = list[i].Pos.Line
			}
		}
	}
	return nil
}
