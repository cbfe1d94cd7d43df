package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// stepKind says what a step waits for.
type flowKind string

const (
	flowTwoFactor  flowKind = "code"        // the password was right, a code is to follow
	flowPasskey    flowKind = "passkey"     // a passkey is asked for
	flowNewPasskey flowKind = "passkey_new" // a passkey is being made
	flowProvider   flowKind = "provider"    // a provider is asked who it is
)

// stepLifetime is how long a sign-in of several steps may stand still.
const flowLifetime = 10 * time.Minute

// What a step remembers is gone after ten minutes, so nothing of it has to be
// sealed anew.
var flowDataColumn = seal.Column{Table: "sign_in_steps", Name: "data", Key: "token_hash"}

// step is a row of sign_in_steps. Whoever has its token goes on with it: keep
// the token where only the browser that began can send it.
type signInFlow struct {
	tokenHash            string
	kind                 flowKind
	accountID            string // "" while nobody knows
	data                 string // JSON of its kind, "" without; sealed in the database
	createdAt, expiresAt int64
}

// begin keeps a step and returns its token.
func (a *Accounts) startFlow(ctx context.Context, q sqldb.Querier, kind flowKind, accountID, data string) (string, error) {
	token, now := NewToken(), a.clock.Now()
	hash := HashToken(token)
	sealed, err := a.keys.Seal(flowDataColumn, hash, data)
	if err != nil {
		return "", err
	}
	return token, insertFlow(ctx, q, signInFlow{
		tokenHash: hash, kind: kind, accountID: accountID, data: sealed,
		createdAt: now.UnixMilli(), expiresAt: now.Add(flowLifetime).UnixMilli(),
	})
}

// take ends a step and returns it. It fails with Gone "sign_in_expired", also
// for a step that was taken or never began.
func (a *Accounts) finishFlow(ctx context.Context, tx *sqldb.Tx, kind flowKind, token string) (signInFlow, error) {
	return a.unexpiredFlow(deleteFlow(ctx, tx, HashToken(token), kind))
}

// peek is take that leaves the step for another try.
func (a *Accounts) checkFlow(ctx context.Context, q sqldb.Querier, kind flowKind, token string) (signInFlow, error) {
	return a.unexpiredFlow(loadFlow(ctx, q, HashToken(token), kind))
}

func (a *Accounts) unexpiredFlow(s signInFlow, err error) (signInFlow, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && s.expiresAt <= a.clock.MS() {
		return signInFlow{}, errs.New(errs.Gone, "sign_in_expired", "This took too long, or was finished already. Start again.")
	}
	if err != nil {
		return signInFlow{}, err
	}
	s.data, err = a.keys.Open(flowDataColumn, s.tokenHash, s.data)
	return s, err
}
