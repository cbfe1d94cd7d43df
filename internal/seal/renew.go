package seal

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// pieceRows is how many secrets one transaction seals.
const pieceRows = 200

// Renew seals with the current key whatever in the columns is plain or sealed
// with a previous one, and returns how many it had no key for. It may be
// called again at any time, also while others read and write, and after a
// crash: each row is the old or the new one, and both open. Once all are
// sealed with a key it is quick.
func (r *Ring) Renew(ctx context.Context, db *sqldb.DB, columns ...Column) (unreadable int64, err error) {
	if done, err := renewed(ctx, db, r.ID()); err != nil || done {
		return 0, err
	}
	for _, c := range columns {
		if err := r.renewColumn(ctx, db, c); err != nil {
			return 0, err
		}
	}
	if unreadable, err = r.Unreadable(ctx, db, columns...); err != nil || unreadable > 0 {
		return unreadable, err
	}
	return 0, noteRenewed(ctx, db, r.ID())
}

// Unreadable counts the secrets that are sealed with a key which is not here.
func (r *Ring) Unreadable(ctx context.Context, db *sqldb.DB, columns ...Column) (n int64, err error) {
	for _, c := range columns {
		sealed, err := countSealed(ctx, db, c, prefix)
		if err != nil {
			return 0, err
		}
		n += sealed
		for _, k := range r.keys {
			ours, err := countSealed(ctx, db, c, prefix+k.id+":")
			if err != nil {
				return 0, err
			}
			n -= ours
		}
	}
	return n, nil
}

func (r *Ring) renewColumn(ctx context.Context, db *sqldb.DB, c Column) error {
	for after := ""; ; {
		old, err := rowsWithout(ctx, db, c, prefix+r.ID()+":", after)
		if err != nil || len(old) == 0 {
			return err
		}
		after = old[len(old)-1].key
		err = db.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, row := range old {
				if err := r.renewRow(ctx, tx, c, row); err != nil {
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

// renewRow leaves what it cannot read as it is: its key may come back.
func (r *Ring) renewRow(ctx context.Context, tx *sqldb.Tx, c Column, row row) error {
	plain, err := r.Open(c, row.key, row.kept)
	if err != nil {
		return nil //nolint:nilerr // Unreadable counts it, whoever uses it is told
	}
	sealed, err := r.Seal(c, row.key, plain)
	if err != nil {
		return err
	}
	return replace(ctx, tx, c, row, sealed)
}
