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
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Export writes the selected members as a CSV file or a workbook with the columns
// of the import template and those of their figures, which an import ignores. Formulas are escaped, and an import of the unchanged file
// changes no member. The audit log has the export before its first line. A workbook
// fails with Invalid too_many_rows or cell_too_long before its first byte.
func (b *Bulk) Export(ctx context.Context, caller actor.Actor, communityID string, format Format, w io.Writer, f directory.Filter) error {
	if err := b.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return err
	}
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return audit.Record(ctx, tx, caller, b.clock.MS(), communityID, "member.export", audit.Target{Type: "member"})
	})
	if err != nil {
		return err
	}
	if format == CSV {
		out := sheet.NewWriter(w, sheet.Detected{Format: "xlsx"}) // for spreadsheet programs
		if err := b.exportTo(ctx, communityID, out, source.EscapeCell, f); err != nil {
			return err
		}
		return out.Flush()
	}
	out, err := b.newWorkbook(w, sheet.WorkbookOptions{Sheet: "Members"})
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // a temporary file
	if err := b.exportTo(ctx, communityID, out, source.EscapeText, f); err != nil {
		return blob.ScratchError(err)
	}
	return out.Flush()
}

// exportTo writes the header and the members.
func (b *Bulk) exportTo(ctx context.Context, communityID string, out sheet.RecordWriter, escape func(string) string, f directory.Filter) error {
	fields, err := field.List(ctx, b.db, communityID)
	if err != nil {
		return err
	}
	names, err := member.LoadNames(ctx, b.db, communityID)
	if err != nil {
		return err
	}
	cells := make([]string, len(fields), len(fields)+len(field.EarnedNames()))
	for i := range fields {
		cells[i] = escape(fields[i].Name)
	}
	if err := out.Write(append(cells, field.EarnedNames()...)); err != nil {
		return err
	}
	return b.members.Each(ctx, communityID, f, func(m *member.Member, counted figure.Figures) error {
		for i := range fields {
			cells[i] = cellOf(m, &fields[i], names, escape)
		}
		return out.Write(append(cells, counted.Texts(escape)...))
	})
}

// cellOf returns a member's value as a cell that reads back as the same value;
// "" is unset.
func cellOf(m *member.Member, f *field.Field, names member.Names, escape func(string) string) string {
	switch {
	case f.Type == field.RoleList:
		return nameCell(names.RoleNames(m.RoleIDs), escape)
	case f.Type == field.TagList:
		return nameCell(names.TagNames(m.TagIDs), escape)
	case f.Default:
		return escape(m.Text(f))
	}
	switch value := m.Values.Get(f.Field).(type) {
	case string:
		return escape(value)
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	case []string:
		return escape(strings.Join(value, ","))
	}
	return ""
}

// nameCell returns a list of roles or tags. Each name is escaped like a cell.
func nameCell(names []string, escape func(string) string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = escape(name)
	}
	return escape(strings.Join(list, ","))
}
