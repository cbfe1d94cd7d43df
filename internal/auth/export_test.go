package auth

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Hashes is how many passwords were hashed so far: what an answer costs,
// counted instead of timed.
func (a *Auth) Hashes() int64 { return a.hashes.Load() }

// AnswerForgotten does what the job of ForgotPassword does.
func (a *Auth) AnswerForgotten(ctx context.Context, email string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error { return a.sendReset(ctx, tx, resetRequest{Email: email}) })
}
