package economy

import (
	"context"

	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

func addTotal(ctx context.Context, tx *sqldb.Tx, communityID string, t total) error {
	_, err := tx.Exec(ctx, `INSERT INTO ledger_totals (community_id, unit, day, source_type, credited, debited, entries) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (community_id, unit, day, source_type) DO UPDATE SET credited = ledger_totals.credited + excluded.credited, debited = ledger_totals.debited + excluded.debited, entries = ledger_totals.entries + excluded.entries`,
		communityID, string(t.unit), t.day, t.sourceType, t.credited, t.debited, t.entries)
	return err
}

// selectTotals returns the totals from a day on.
func selectTotals(ctx context.Context, q sqldb.Querier, communityID string, first int64) ([]total, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (t total, err error) {
		return t, s.Scan(&t.unit, &t.day, &t.sourceType, &t.credited, &t.debited, &t.entries)
	}, "SELECT unit, day, source_type, credited, debited, entries FROM ledger_totals WHERE community_id = $1 AND day >= $2 ORDER BY unit, day, source_type", communityID, first)
}

// outstanding returns the sum of all sealed entries of a unit.
func outstanding(ctx context.Context, q sqldb.Querier, communityID string, unit ledger.Unit) (int64, error) {
	return sqldb.One(ctx, q, "totals", sqldb.Value[int64], "SELECT CAST(COALESCE(SUM(credited - debited), 0) AS BIGINT) FROM ledger_totals WHERE community_id = $1 AND unit = $2", communityID, string(unit))
}

// expiring returns what ends in a time and is not held. It reads the open lots of the
// community.
func expiring(ctx context.Context, q sqldb.Querier, communityID string, unit ledger.Unit, from, to int64) (int64, error) {
	return sqldb.One(ctx, q, "lots", sqldb.Value[int64], "SELECT CAST(COALESCE(SUM(remaining - held), 0) AS BIGINT) FROM ledger_lots WHERE community_id = $1 AND unit = $2 AND remaining > 0 AND expires_at > $3 AND expires_at <= $4",
		communityID, string(unit), from, to)
}
