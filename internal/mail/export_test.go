package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// WithoutAddresses is withoutAddresses.
var WithoutAddresses = withoutAddresses

// ReleaseIn is the scheduled release in a transaction of the test.
func (m *Mail) ReleaseIn(ctx context.Context, tx *sqldb.Tx) error { return m.releaseIn(ctx, tx) }
