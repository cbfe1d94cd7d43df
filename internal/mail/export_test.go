package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// WithoutAddresses is withoutAddresses.
var WithoutAddresses = withoutAddresses

// ReleaseIn is the scheduled release in a transaction of the test.
func (m *Mail) ReleaseIn(ctx context.Context, tx *sqldb.Tx) error { return m.releaseIn(ctx, tx) }

// TakeQuota is the check before a message is delivered.
func (m *Mail) TakeQuota(ctx context.Context, tx *sqldb.Tx, kept Kept) (bool, error) {
	return m.takeQuota(ctx, tx, kept)
}
