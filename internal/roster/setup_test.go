package roster_test

import (
	"fmt"
)

// account is the row of an account by column.
func (f *fixture) account(accountID string) map[string]string {
	f.Helper()
	rows, err := f.DB.Query(f.Context(), "SELECT * FROM accounts WHERE id = $1", accountID)
	f.OK(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	f.OK(err)
	row := map[string]string{}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		f.OK(rows.Scan(values...))
		for i, column := range columns {
			row[column] = fmt.Sprint(*values[i].(*any))
		}
	}
	f.OK(rows.Err())
	return row
}
