package bulk

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Export writes the members whom a filter chooses as a CSV file with the
// columns of the import template. No cell of it is run by a spreadsheet, and an
// import of it, as it is, changes nobody. Who took it stands in the audit log
// before the first line is written.
func (b *Bulk) Export(ctx context.Context, w io.Writer, communityID string, f member.Filter) error {
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return audit.Record(ctx, tx, b.clock.MS(), communityID, "member.export", audit.Target{Type: "member"})
	})
	if err != nil {
		return err
	}
	fields, err := field.List(ctx, b.db, communityID)
	if err != nil {
		return err
	}
	names, err := member.LoadNames(ctx, b.db, communityID)
	if err != nil {
		return err
	}
	out := sheet.NewWriter(w, sheet.Detected{Format: "xlsx"}) // what spreadsheet programs read
	cells := make([]string, len(fields))
	for i := range fields {
		cells[i] = escapeCell(fields[i].Name)
	}
	if err := out.Write(cells); err != nil {
		return err
	}
	err = b.members.Each(ctx, communityID, f, func(m *member.Member) error {
		for i := range fields {
			cells[i] = cellOf(m, &fields[i], names)
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// cellOf is a member's value as a cell that reads back as the same value; an
// unset one is empty.
func cellOf(m *member.Member, f *field.Field, names member.Names) string {
	switch {
	case f.Type == field.RoleList:
		return nameCell(m.RoleIDs, names.Roles)
	case f.Type == field.TagList:
		return nameCell(m.TagIDs, names.Tags)
	case f.Default:
		return escapeCell(member.TextOf(m, f))
	}
	switch value := m.Fields[f.Field].(type) {
	case string:
		return escapeCell(value)
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	case []string:
		return escapeCell(strings.Join(value, ","))
	}
	return ""
}

// nameCell is a list of roles or tags. Each name is read like a cell of its
// own, so each is escaped like one.
func nameCell(ids []string, names map[string]string) string {
	var list []string
	for _, one := range ids {
		if name, ok := names[one]; ok {
			list = append(list, escapeCell(name))
		}
	}
	return escapeCell(strings.Join(list, ","))
}

// escapeCell puts an apostrophe before a text that a spreadsheet would run as
// a formula, or that would not be read back as it is.
func escapeCell(text string) string {
	rest := strings.TrimLeft(text, "'")
	if rest == clearToken || rest != text && sheet.StartsFormula(rest) {
		return "'" + text
	}
	return sheet.EscapeFormula(text)
}
