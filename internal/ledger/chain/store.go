package chain

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const sealColumns = "number, hash, last_id, entries, created_at, ids"

func scanSeal(s sqldb.Scanner) (one Seal, err error) {
	return one, s.Scan(&one.Number, &one.Hash, &one.LastID, &one.Entries, &one.CreatedAt, &one.ids)
}

func selectNewest(ctx context.Context, q sqldb.Querier, communityID string) (Seal, error) {
	return sqldb.One(ctx, q, "seal", scanSeal, "SELECT "+sealColumns+" FROM ledger_seals WHERE community_id = $1 ORDER BY number DESC LIMIT 1", communityID)
}

// selectVerified returns the newest seal up to which the chain was recomputed.
func selectVerified(ctx context.Context, q sqldb.Querier, communityID string) (Seal, error) {
	return sqldb.One(ctx, q, "seal", scanSeal, "SELECT "+sealColumns+" FROM ledger_seals WHERE community_id = $1 AND verified ORDER BY number DESC LIMIT 1", communityID)
}

// selectSeals returns seals after a number.
func selectSeals(ctx context.Context, q sqldb.Querier, communityID string, after int64, limit int) ([]Seal, error) {
	return sqldb.All(ctx, q, scanSeal, "SELECT "+sealColumns+" FROM ledger_seals WHERE community_id = $1 AND number > $2 ORDER BY number LIMIT $3", communityID, after, limit)
}

func insertSeal(ctx context.Context, tx *sqldb.Tx, communityID string, s Seal) error {
	_, err := tx.Exec(ctx, "INSERT INTO ledger_seals (community_id, "+sealColumns+", verified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", communityID, s.Number, s.Hash, s.LastID, s.Entries, s.CreatedAt, s.ids, false)
	return err
}

func setVerified(ctx context.Context, q sqldb.Querier, communityID string, number int64) error {
	_, err := q.Exec(ctx, "UPDATE ledger_seals SET verified = $3 WHERE community_id = $1 AND number = $2", communityID, number, true)
	return err
}

func insertVerification(ctx context.Context, tx *sqldb.Tx, communityID, verificationID string, now int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO ledger_verifications (community_id, id, created_at) VALUES ($1, $2, $3)", communityID, verificationID, now)
	return err
}

func setResult(ctx context.Context, q sqldb.Querier, communityID, verificationID, result string) error {
	_, err := q.Exec(ctx, "UPDATE ledger_verifications SET result = $3 WHERE community_id = $1 AND id = $2", communityID, verificationID, result)
	return err
}

// loadResult returns the JSON of a verification, "" while it runs.
func loadResult(ctx context.Context, q sqldb.Querier, communityID, verificationID string) (string, error) {
	return sqldb.One(ctx, q, "verification", sqldb.Value[string], "SELECT COALESCE(result, '') FROM ledger_verifications WHERE community_id = $1 AND id = $2", communityID, verificationID)
}

func deleteVerifications(ctx context.Context, db *sqldb.DB, oldest int64) error {
	return db.DeleteBatches(ctx, "ledger_verifications", "community_id, id", "created_at < $1", oldest)
}
