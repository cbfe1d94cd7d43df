package sqldb

import "context"

// Share waits until nobody guards what name names, and keeps anybody from
// guarding it until the transaction ends. Any number of transactions share.
// On SQLite, whose writers come one after the other, it has nothing to do.
func (t *Tx) Share(ctx context.Context, name string) error {
	return t.guard(ctx, "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", name)
}

// Guard waits until every transaction that shares or guards what name names
// has ended, and keeps others from it until this one does.
func (t *Tx) Guard(ctx context.Context, name string) error {
	return t.guard(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
}

func (t *Tx) guard(ctx context.Context, query, name string) error {
	if t.dialect == SQLite {
		return nil
	}
	_, err := t.tx.ExecContext(ctx, query, name)
	return err
}
