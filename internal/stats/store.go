package stats

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// addChange adds a change to a slot and to the totals from then on.
func addChange(ctx context.Context, tx *sqldb.Tx, communityID string, slot int64, c change) error {
	before, err := totalBefore(ctx, tx, communityID, slot)
	if err != nil {
		return err
	}
	delta := c.joined - c.left
	_, err = tx.Exec(ctx, `
		INSERT INTO stats_members (community_id, slot, joined, departed, total) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, slot) DO UPDATE SET
			joined = stats_members.joined + excluded.joined, departed = stats_members.departed + excluded.departed,
			total = stats_members.total + $6`,
		communityID, slot, c.joined, c.left, before+delta, delta)
	if err != nil || delta == 0 {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE stats_members SET total = total + $3 WHERE community_id = $1 AND slot > $2", communityID, slot, delta)
	return err
}

// totalBefore returns the number of members at the start of a slot.
func totalBefore(ctx context.Context, q sqldb.Querier, communityID string, slot int64) (int64, error) {
	total, err := sqldb.One(ctx, q, "total", sqldb.Value[int64],
		"SELECT total FROM stats_members WHERE community_id = $1 AND slot < $2 ORDER BY slot DESC LIMIT 1", communityID, slot)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	return total, err
}

// slot is a row of stats_members.
type slot struct{ start, joined, left, total int64 }

// selectSlots returns the slots of a community with from <= start < to, in order.
func selectSlots(ctx context.Context, q sqldb.Querier, communityID string, from, to int64) ([]slot, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (r slot, err error) {
		return r, s.Scan(&r.start, &r.joined, &r.left, &r.total)
	}, "SELECT slot, joined, departed, total FROM stats_members WHERE community_id = $1 AND slot >= $2 AND slot < $3 ORDER BY slot", communityID, from, to)
}
