package plan

import (
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
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
