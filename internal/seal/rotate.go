package seal

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const rotateBatchRows = 200 // secrets per transaction

// Rotate seals the plain secrets of the columns, and those sealed with a
// previous key, with the current key. It returns the number of secrets that it
// has no key for. It may be called at any time, also after a crash and during
// other transactions, because both forms can be opened. It is fast once all
// secrets are sealed with the current key.
func (r *Keyring) Rotate(ctx context.Context, db *sqldb.DB, columns ...Column) (unreadable int64, err error) {
	if done, err := isRotated(ctx, db, r.ID()); err != nil || done {
		return 0, err
	}
	for _, c := range columns {
		if err := r.rotateColumn(ctx, db, c); err != nil {
			return 0, err
		}
	}
	if unreadable, err = r.Unreadable(ctx, db, columns...); err != nil || unreadable > 0 {
		return unreadable, err
	}
	return 0, setRotated(ctx, db, r.ID())
}

// Unreadable counts the secrets that are sealed with an unknown key.
func (r *Keyring) Unreadable(ctx context.Context, db *sqldb.DB, columns ...Column) (n int64, err error) {
	for _, c := range columns {
		sealed, err := countSealed(ctx, db, c, prefix)
		if err != nil {
			return 0, err
		}
		n += sealed
		for _, k := range r.keys {
			readable, err := countSealed(ctx, db, c, prefix+k.id+":")
			if err != nil {
				return 0, err
			}
			n -= readable
		}
	}
	return n, nil
}

func (r *Keyring) rotateColumn(ctx context.Context, db *sqldb.DB, c Column) error {
	for after := ""; ; {
		rows, err := selectUnrotated(ctx, db, c, prefix+r.ID()+":", after)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].key
		err = db.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, row := range rows {
				if err := r.rotateRow(ctx, tx, c, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// rotateRow skips a secret that it cannot open: the operator may restore its
// key.
func (r *Keyring) rotateRow(ctx context.Context, tx *sqldb.Tx, c Column, row row) error {
	plain, err := r.Open(c, row.key, row.stored)
	if err != nil {
		return nil //nolint:nilerr // counted by Unreadable, reported where it is used
	}
	sealed, err := r.Seal(c, row.key, plain)
	if err != nil {
		return err
	}
	return replace(ctx, tx, c, row, sealed)
}
