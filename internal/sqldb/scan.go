package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// Scanner is a *sql.Row or *sql.Rows.
type Scanner interface{ Scan(dest ...any) error }

// One returns the row the query finds, or a NotFound error with the code
// <what>_not_found.
func One[T any](ctx context.Context, q Querier, what string, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.QueryRow(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, errs.New(errs.NotFound, what+"_not_found", "There is no such %s.", strings.ReplaceAll(what, "_", " "))
	}
	return v, err
}

// All returns every row the query finds, never nil.
func All[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err below tells what went wrong
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

// Marks returns n placeholders from $first: Marks(3, 2) is "$3, $4".
func Marks(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}

// Keys packs texts into the one argument that Dialect.In takes.
func Keys(keys []string) string {
	packed, err := json.Marshal(keys)
	if err != nil {
		panic(err) //nolint:forbidigo // a []string always encodes
	}
	if keys == nil {
		return "[]"
	}
	return string(packed)
}

// LikePrefix returns the pattern that LIKE … ESCAPE '\' matches with texts
// that start with prefix.
func LikePrefix(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(prefix) + "%"
}
