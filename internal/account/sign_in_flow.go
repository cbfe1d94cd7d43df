package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// flowKind is the expected next step of a flow.
type flowKind string

const (
	flowTwoFactor  flowKind = "code"        // two-factor code after a correct password
	flowPasskey    flowKind = "passkey"     // passkey sign-in
	flowNewPasskey flowKind = "passkey_new" // new passkey
	flowProvider   flowKind = "provider"    // redirect from the provider
)

// flowLifetime is the time to complete a flow.
const flowLifetime = 10 * time.Minute

// Flow data lives for ten minutes, so a new secret key need not reseal it.
var flowDataColumn = seal.Column{Table: "sign_in_steps", Name: "data", Key: "token_hash"}

// signInFlow is a sign-in of several steps, a row of sign_in_steps. Its token
// authorises the next step: store it where only the same browser sends it.
type signInFlow struct {
	tokenHash            string
	kind                 flowKind
	accountID            string // "": not known yet
	data                 string // JSON per kind, may be empty; sealed in the database
	createdAt, expiresAt int64
}

// startFlow stores a flow and returns its token.
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

// finishFlow deletes and returns a flow. It fails with Gone "sign_in_expired",
// also for a finished or unknown flow.
func (a *Accounts) finishFlow(ctx context.Context, tx *sqldb.Tx, kind flowKind, token string) (signInFlow, error) {
	return a.unexpiredFlow(deleteFlow(ctx, tx, HashToken(token), kind))
}

// checkFlow is finishFlow without deleting the flow.
func (a *Accounts) checkFlow(ctx context.Context, q sqldb.Querier, kind flowKind, token string) (signInFlow, error) {
	return a.unexpiredFlow(loadFlow(ctx, q, HashToken(token), kind))
}

func (a *Accounts) unexpiredFlow(s signInFlow, err error) (signInFlow, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && s.expiresAt <= a.clock.MS() {
		return signInFlow{}, errs.New(errs.Gone, "sign_in_expired", "This request has expired or was already completed. Start again.")
	}
	if err != nil {
		return signInFlow{}, err
	}
	s.data, err = a.keys.Open(flowDataColumn, s.tokenHash, s.data)
	return s, err
}
