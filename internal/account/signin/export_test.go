package signin

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/sqldb"
)

// Hashes is how many passwords were hashed so far: what an answer costs,
// counted instead of timed.
func (a *Accounts) Hashes() int64 { return a.hasher.Count() }

// UseProvider changes the OpenID Connect provider.
func (a *Accounts) UseProvider(c provider.Config) {
	a.Provider = provider.New(a.db, a.clock, a.flows, a.Proofs, a.mailer, c)
}

// Follow adds a follower.
func (a *Accounts) AddChangeHook(f account.ChangeHook) { a.changeHooks = append(a.changeHooks, f) }

// AnswerResetRequest does what the job of ForgotPassword does.
func (a *Accounts) AnswerResetRequest(ctx context.Context, email string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error { return a.sendReset(ctx, tx, resetRequest{Email: email}) })
}
