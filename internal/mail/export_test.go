package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// StripAddresses exports stripAddresses.
var StripAddresses = stripAddresses

// ReleaseTx runs the scheduled release in a transaction of the test.
func (m *Mail) ReleaseTx(ctx context.Context, tx *sqldb.Tx) error { return m.releaseTx(ctx, tx) }

// ConsumeQuota exports consumeQuota.
func (m *Mail) ConsumeQuota(ctx context.Context, tx *sqldb.Tx, entry OutboxMessage) (bool, error) {
	return m.consumeQuota(ctx, tx, entry)
}
