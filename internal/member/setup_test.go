package member_test

import (
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
)

// elsewhere makes another community.
func (f *fixture) elsewhere() string {
	f.Helper()
	c, err := community.New(f.db, clock.Clock{}).Create(f.Context(), community.Input{Name: "Elsewhere"})
	f.ok(err)
	return c.ID
}

// account is the row of an account by column.
func (f *fixture) account(accountID string) map[string]string {
	f.Helper()
	rows, err := f.db.Query(f.Context(), "SELECT * FROM accounts WHERE id = $1", accountID)
	f.ok(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	f.ok(err)
	row := map[string]string{}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		f.ok(rows.Scan(values...))
		for i, column := range columns {
			row[column] = fmt.Sprint(*values[i].(*any))
		}
	}
	f.ok(rows.Err())
	return row
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
