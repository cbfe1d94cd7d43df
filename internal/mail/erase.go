package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// EraseIn removes the messages that speak of a community and went to one of
// the addresses, in the caller's transaction.
func EraseIn(ctx context.Context, tx *sqldb.Tx, communityID string, addresses []string) error {
	return removeFrom(ctx, tx, communityID, addresses)
}
