package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Totals are what the finished jobs of one type and status add up to over all
// communities, dry runs left out.
type Totals struct {
	Type, Status string
	Jobs         int64
	Counts       Counts
}

// Totals returns the sums since the installation began, for metrics.
func (b *Bulk) Totals(ctx context.Context) ([]Totals, error) {
	return sqldb.All(ctx, b.db, scanTotals, `SELECT type, status, count(*), CAST(sum(read_rows) AS BIGINT), CAST(sum(created_rows) AS BIGINT),
		CAST(sum(updated_rows) AS BIGINT), CAST(sum(unchanged_rows) AS BIGINT), CAST(sum(skipped_rows) AS BIGINT), CAST(sum(failed_rows) AS BIGINT)
		FROM bulk_jobs WHERE finished_at > 0 AND NOT dry_run AND status <> $1 GROUP BY type, status ORDER BY type, status`, draft)
}

func scanTotals(s sqldb.Scanner) (t Totals, err error) {
	c := &t.Counts
	return t, s.Scan(&t.Type, &t.Status, &t.Jobs, &c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped, &c.Failed)
}
