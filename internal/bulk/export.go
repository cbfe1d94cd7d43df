package bulk

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Export writes the selected members as a CSV file with the columns of the
// import template. Formulas are escaped, and an import of the unchanged file
// changes no member. The audit log has the export before its first line.
func (b *Bulk) Export(ctx context.Context, caller actor.Actor, communityID string, w io.Writer, f directory.Filter) error {
	if err := b.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return err
	}
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return audit.Record(ctx, tx, caller, b.clock.MS(), communityID, "member.export", audit.Target{Type: "member"})
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
	out := sheet.NewWriter(w, sheet.Detected{Format: "xlsx"}) // for spreadsheet programs
	cells := make([]string, len(fields))
	for i := range fields {
		cells[i] = source.EscapeCell(fields[i].Name)
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

// cellOf returns a member's value as a cell that reads back as the same value;
// "" is unset.
func cellOf(m *member.Member, f *field.Field, names member.Names) string {
	switch {
	case f.Type == field.RoleList:
		return nameCell(names.RoleNames(m.RoleIDs))
	case f.Type == field.TagList:
		return nameCell(names.TagNames(m.TagIDs))
	case f.Default:
		return source.EscapeCell(m.Text(f))
	}
	switch value := m.Values.Get(f.Field).(type) {
	case string:
		return source.EscapeCell(value)
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	case []string:
		return source.EscapeCell(strings.Join(value, ","))
	}
	return ""
}

// nameCell returns a list of roles or tags. Each name is escaped like a cell.
func nameCell(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = source.EscapeCell(name)
	}
	return source.EscapeCell(strings.Join(list, ","))
}
