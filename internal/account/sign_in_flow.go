package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// stepKind says what a step waits for.
type stepKind string

const (
	stepCode       stepKind = "code"        // the password was right, a code is to follow
	stepPasskey    stepKind = "passkey"     // a passkey is asked for
	stepPasskeyNew stepKind = "passkey_new" // a passkey is being made
	stepProvider   stepKind = "provider"    // a provider is asked who it is
)

// stepLifetime is how long a sign-in of several steps may stand still.
const stepLifetime = 10 * time.Minute

// What a step remembers is gone after ten minutes, so nothing of it has to be
// sealed anew.
var stepColumn = seal.Column{Table: "sign_in_steps", Name: "data", Key: "token_hash"}

// step is a row of sign_in_steps. Whoever has its token goes on with it: keep
// the token where only the browser that began can send it.
type step struct {
	tokenHash            string
	kind                 stepKind
	accountID            string // "" while nobody knows
	data                 string // JSON of its kind, "" without; sealed in the database
	createdAt, expiresAt int64
}

// begin keeps a step and returns its token.
func (a *Accounts) begin(ctx context.Context, q sqldb.Querier, kind stepKind, accountID, data string) (string, error) {
	token, now := NewToken(), a.clock.Now()
	hash := HashToken(token)
	sealed, err := a.keys.Seal(stepColumn, hash, data)
	if err != nil {
		return "", err
	}
	return token, insertStep(ctx, q, step{
		tokenHash: hash, kind: kind, accountID: accountID, data: sealed,
		createdAt: now.UnixMilli(), expiresAt: now.Add(stepLifetime).UnixMilli(),
	})
}

// take ends a step and returns it. It fails with Gone "sign_in_expired", also
// for a step that was taken or never began.
func (a *Accounts) take(ctx context.Context, tx *sqldb.Tx, kind stepKind, token string) (step, error) {
	return a.current(deleteStep(ctx, tx, HashToken(token), kind))
}

// peek is take that leaves the step for another try.
func (a *Accounts) peek(ctx context.Context, q sqldb.Querier, kind stepKind, token string) (step, error) {
	return a.current(loadStep(ctx, q, HashToken(token), kind))
}

func (a *Accounts) current(s step, err error) (step, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && s.expiresAt <= a.clock.MS() {
		return step{}, errs.New(errs.Gone, "sign_in_expired", "This took too long, or was finished already. Start again.")
	}
	if err != nil {
		return step{}, err
	}
	s.data, err = a.keys.Open(stepColumn, s.tokenHash, s.data)
	return s, err
}
