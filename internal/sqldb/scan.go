package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// Scanner is a *sql.Row or *sql.Rows.
type Scanner interface{ Scan(dest ...any) error }

// One returns the first row of the query. Without a row it fails with
// errs.Missing(noun).
func One[T any](ctx context.Context, q Querier, noun string, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.QueryRow(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, errs.Missing(noun)
	}
	return v, err
}

// All returns all rows of the query, never nil.
func All[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err reports the failure
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// Value scans a single column, for One and All.
func Value[T any](s Scanner) (T, error) {
	var v T
	err := s.Scan(&v)
	return v, err
}

// ScanStrings calls row for each row of "SELECT <columns> <rest>" with its values
// as strings: integers in decimal, booleans in the form that ParseBool parses. A
// NULL is an error. The slice is reused for the next row; the strings of a row
// share one allocation.
//
// It is for thousands of rows. On SQLite every value that crosses the driver
// costs about as much as the step to its row, so a row is selected as a single
// value, its columns separated by NUL, which no text contains.
func ScanStrings(ctx context.Context, q Querier, columns []string, rest string, args []any, row func(texts []string) error) error {
	joined := q.Dialect() == SQLite
	list := strings.Join(columns, ", ")
	if joined {
		list = "concat_ws(char(0), " + list + ")"
	}
	rows, err := q.Query(ctx, "SELECT "+list+" "+rest, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err reports the failure
	scan := separateScanner(rows, len(columns))
	if joined {
		scan = joinedScanner(rows, len(columns))
	}
	for rows.Next() {
		texts, err := scan()
		if err == nil {
			err = row(texts)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

func separateScanner(rows *sql.Rows, n int) func() ([]string, error) {
	texts, dest := make([]string, n), make([]any, n)
	for i := range texts {
		dest[i] = &texts[i]
	}
	return func() ([]string, error) { return texts, rows.Scan(dest...) }
}

func joinedScanner(rows *sql.Rows, n int) func() ([]string, error) {
	texts := make([]string, n)
	return func() ([]string, error) {
		var rest string
		if err := rows.Scan(&rest); err != nil {
			return nil, err
		}
		for i := range texts {
			end := strings.IndexByte(rest, 0)
			if last := i == n-1; last != (end < 0) {
				return nil, fmt.Errorf("a row of %d texts contains a NUL or a NULL", n)
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

// ParseBool parses a boolean of ScanStrings.
func ParseBool(text string) bool { return text == "true" || text == "1" }

// Placeholders returns n placeholders starting at $first: Marks(3, 2) is "$3,
// $4".
func Placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}

// Keys encodes keys as the single argument of Dialect.In.
func Keys(keys []string) string {
	encoded, err := json.Marshal(keys)
	if err != nil {
		panic(err) //nolint:forbidigo // a []string always encodes
	}
	if keys == nil {
		return "[]"
	}
	return string(encoded)
}

// LikePrefix returns the pattern for LIKE ... ESCAPE '\' that matches texts
// with the prefix.
func LikePrefix(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(prefix) + "%"
}
