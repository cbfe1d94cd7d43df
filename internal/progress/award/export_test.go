package award

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// EvaluateBatch is the number of members that one transaction evaluates.
const EvaluateBatch = evaluateBatch

// EvaluateNext evaluates the next members of a badge.
func (s *Awards) EvaluateNext(ctx context.Context, tx *sqldb.Tx, communityID, badgeID string) (done bool, err error) {
	return s.evaluateNext(ctx, tx, evaluateArgs{communityID, badgeID})
}

// EndFailed ends an evaluation that was given up.
func (s *Awards) EndFailed(ctx context.Context, tx *sqldb.Tx, communityID, badgeID string) error {
	return s.endFailed(ctx, tx, evaluateArgs{communityID, badgeID}, "")
}

// Handle handles events as the consumer does.
var Handle = (*Awards).handle
