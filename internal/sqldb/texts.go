package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// EachText gives each row of SELECT columns rest to row, every value as a text:
// whole numbers in decimal, truths as Truth reads them. No value may be NULL.
// The texts of a row share one piece of memory, which stays as long as one of
// them does; the slice is used again for the next row.
//
// It is for reading thousands of rows: on SQLite each value that is handed over
// costs about as much as stepping to its row, so a row comes as one value with
// a NUL, which no text holds, behind each column but the last.
func EachText(ctx context.Context, q Querier, columns []string, rest string, args []any, row func(texts []string) error) error {
	joined := q.Dialect() == SQLite
	list := strings.Join(columns, ", ")
	if joined {
		list = "concat_ws(char(0), " + list + ")"
	}
	rows, err := q.Query(ctx, "SELECT "+list+" "+rest, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err below tells what went wrong
	next := separateTexts(rows, len(columns))
	if joined {
		next = joinedTexts(rows, len(columns))
	}
	for rows.Next() {
		texts, err := next()
		if err == nil {
			err = row(texts)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

func separateTexts(rows *sql.Rows, n int) func() ([]string, error) {
	texts, into := make([]string, n), make([]any, n)
	for i := range texts {
		into[i] = &texts[i]
	}
	return func() ([]string, error) { return texts, rows.Scan(into...) }
}

func joinedTexts(rows *sql.Rows, n int) func() ([]string, error) {
	texts := make([]string, n)
	return func() ([]string, error) {
		var rest string
		if err := rows.Scan(&rest); err != nil {
			return nil, err
		}
		for i := range texts {
			end := strings.IndexByte(rest, 0)
			if last := i == n-1; last != (end < 0) {
				return nil, fmt.Errorf("a row of %d texts has a NUL or a NULL in one", n)
			}
			if end < 0 {
				texts[i] = rest
				break
			}
			texts[i], rest = rest[:end], rest[end+1:]
		}
		return texts, nil
	}
}

// Truth reads a boolean of EachText.
func Truth(text string) bool { return text == "true" || text == "1" }
