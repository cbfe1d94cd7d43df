package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Bisect calls write with list behind a savepoint. It halves a list that
// violates a constraint until it has found the violating items, returns these
// and writes the others. write is called repeatedly.
func Bisect[T any](ctx context.Context, tx *sqldb.Tx, list []T, write func([]T) error) (refused []T, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	err = tx.Savepoint(ctx, func() error { return write(list) })
	switch {
	case !sqldb.IsConstraint(err):
		return nil, err
	case len(list) == 1:
		return list, nil
	}
	for _, half := range [][]T{list[:len(list)/2], list[len(list)/2:]} {
		more, err := Bisect(ctx, tx, half, write)
		if err != nil {
			return nil, err
		}
		refused = append(refused, more...)
	}
	return refused, nil
}
