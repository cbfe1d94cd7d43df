package account

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const stepColumns = "token_hash, kind, account_id, data, created_at, expires_at"

func scanStep(s sqldb.Scanner) (step, error) {
	var one step
	err := s.Scan(&one.tokenHash, &one.kind, &one.accountID, &one.data, &one.createdAt, &one.expiresAt)
	return one, err
}

func insertStep(ctx context.Context, q sqldb.Querier, s step) error {
	_, err := q.Exec(ctx, "INSERT INTO sign_in_steps ("+stepColumns+") VALUES ($1, $2, $3, $4, $5, $6)",
		s.tokenHash, s.kind, s.accountID, s.data, s.createdAt, s.expiresAt)
	return err
}

func loadStep(ctx context.Context, q sqldb.Querier, hash string, kind stepKind) (step, error) {
	return sqldb.One(ctx, q, "step", scanStep, "SELECT "+stepColumns+" FROM sign_in_steps WHERE token_hash = $1 AND kind = $2", hash, kind)
}

// deleteStep returns a step and deletes it: of two at the same time one gets
// it.
func deleteStep(ctx context.Context, tx *sqldb.Tx, hash string, kind stepKind) (step, error) {
	return sqldb.One(ctx, tx, "step", scanStep,
		"DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = $2 RETURNING "+stepColumns, hash, kind)
}

func deleteStepsOf(ctx context.Context, q sqldb.Querier, accountID string) error {
	_, err := q.Exec(ctx, "DELETE FROM sign_in_steps WHERE account_id = $1", accountID)
	return err
}
