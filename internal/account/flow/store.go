package flow

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

const flowColumns = "token_hash, kind, account_id, data, created_at, expires_at"

func scanFlow(s sqldb.Scanner) (Flow, error) {
	var one Flow
	err := s.Scan(&one.tokenHash, &one.kind, &one.AccountID, &one.Data, &one.createdAt, &one.expiresAt)
	return one, err
}

// Insert fails with Gone "sign_in_expired" if the token was used.
func Insert(ctx context.Context, q sqldb.Querier, s Flow) error {
	n, err := q.Exec(ctx, "INSERT INTO sign_in_steps ("+flowColumns+") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token_hash) DO NOTHING",
		s.tokenHash, s.kind, s.AccountID, s.Data, s.createdAt, s.expiresAt)
	if err == nil && n == 0 {
		err = errFlowExpired()
	}
	return err
}

func loadFlow(ctx context.Context, q sqldb.Querier, hash string, kind Kind) (Flow, error) {
	return sqldb.One(ctx, q, "step", scanFlow, "SELECT "+flowColumns+" FROM sign_in_steps WHERE token_hash = $1 AND kind = $2", hash, kind)
}

// deleteFlow deletes and returns a flow: of two concurrent calls one gets it.
func deleteFlow(ctx context.Context, tx *sqldb.Tx, hash string, kind Kind) (Flow, error) {
	return sqldb.One(ctx, tx, "step", scanFlow,
		"DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = $2 RETURNING "+flowColumns, hash, kind)
}

// DeleteOf deletes the flows of an account.
func DeleteOf(ctx context.Context, q sqldb.Querier, accountID string) error {
	_, err := q.Exec(ctx, "DELETE FROM sign_in_steps WHERE account_id = $1", accountID)
	return err
}

// Sweep deletes expired flows.
func Sweep(ctx context.Context, db *sqldb.DB, now time.Time) error {
	return db.DeleteBatches(ctx, "sign_in_steps", "token_hash", "expires_at < $1", now.UnixMilli())
}
