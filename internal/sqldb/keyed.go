package sqldb

import (
	"context"
	"errors"
)

// Keyed is which rows of a table EachKeyed reads: those whose first column is
// one of Keys, and that Where is true of; $1 there is Arg. The key must be
// unique among these. Keys are sorted, each once.
type Keyed struct {
	Table   string
	Columns []string
	Where   string
	Arg     any
	Keys    []string
	Lock    bool // until the transaction ends
}

// EachKeyed gives rows to row as EachText does.
func EachKeyed(ctx context.Context, q Querier, k Keyed, row func(texts []string) error) error {
	if q.Dialect() == SQLite && len(k.Keys) > 1 {
		done, err := k.walk(ctx, q, row)
		if err != nil {
			return err
		}
		k.Keys = k.Keys[done:]
	}
	if len(k.Keys) == 0 {
		return nil
	}
	rest := "FROM " + q.Dialect().Among(k.Table, k.Columns[0], "$2") + " AND " + k.Where
	if lock := q.Dialect().Lock(); k.Lock && lock != "" {
		rest += " ORDER BY " + k.Columns[0] + " " + lock // two that lock many never wait for each other
	}
	return EachText(ctx, q, k.Columns, rest, []any{k.Arg, Keys(k.Keys)}, row)
}

// Of the rows that a walk meets, this many more than twice those with a key may
// have none.
const strangers = 32

var errStrangers = errors.New("too many rows without a key")

// walk goes from the row of the first key along the table to that of the last:
// what is asked for together was often made together, and a step to the next
// row costs a fraction of finding one from the root of the tree. It gives up
// where others stand between them, and returns how many keys are done with.
func (k *Keyed) walk(ctx context.Context, q Querier, row func(texts []string) error) (done int, err error) {
	key, met := k.Columns[0], 0
	rest := "FROM " + k.Table + " WHERE " + k.Where + " AND " + key + " BETWEEN $2 AND $3 ORDER BY " + key
	err = EachText(ctx, q, k.Columns, rest, []any{k.Arg, k.Keys[0], k.Keys[len(k.Keys)-1]}, func(texts []string) error {
		for k.Keys[done] < texts[0] {
			done++
		}
		met++
		if k.Keys[done] == texts[0] {
			done++
			return row(texts)
		}
		if met > strangers+2*done {
			return errStrangers
		}
		return nil
	})
	if errors.Is(err, errStrangers) {
		return done, nil
	}
	return len(k.Keys), err
}
