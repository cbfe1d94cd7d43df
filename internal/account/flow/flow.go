// Package flow stores sign-ins of several steps.
package flow

import (
	"context"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Kind is the expected next step of a flow.
type Kind string

// Kinds of flows that other packages begin.
const (
	TwoFactor  Kind = "code"        // two-factor code after a correct password
	Passkey    Kind = "passkey"     // passkey sign-in
	NewPasskey Kind = "passkey_new" // new passkey
	Provider   Kind = "provider"    // redirect from the provider
	flowHeld   Kind = "held"        // completed held flow: its token works once
)

// flowLifetime is the time to complete a flow.
const flowLifetime = 10 * time.Minute

// Flow data lives for ten minutes, so a new secret key need not reseal it.
var flowDataColumn = seal.Column{Table: "sign_in_steps", Name: "data", Key: "token_hash"}

// Flow is a sign-in of several steps, a row of sign_in_steps. Its token
// authorises the next step: store it where only the same browser sends it.
type Flow struct {
	tokenHash            string
	kind                 Kind
	AccountID            string // "": not known yet
	Data                 string // JSON per kind, may be empty; sealed in the database
	createdAt, expiresAt int64
	Held                 bool // see openHeldFlow
}

// Flows manages sign-in flows.
type Flows struct {
	clock clock.Clock
	keys  *seal.Keyring
}

// New returns Flows that seal their data with keys.
func New(c clock.Clock, keys *seal.Keyring) *Flows { return &Flows{c, keys} }

// Start stores a flow and returns its token. A held flow is sealed in the
// token instead.
func (f *Flows) Start(ctx context.Context, q sqldb.Querier, kind Kind, accountID, data string, held bool) (string, error) {
	token, now := account.NewToken(), f.clock.Now()
	if held {
		sealed, err := f.keys.SealToken(string(kind), seal.Token{Data: data, ExpiresAt: now.Add(flowLifetime).UnixMilli()})
		return heldPrefix + sealed, err
	}
	hash := account.HashToken(token)
	sealed, err := f.keys.Seal(flowDataColumn, hash, data)
	if err != nil {
		return "", err
	}
	return token, Insert(ctx, q, Flow{
		tokenHash: hash, kind: kind, AccountID: accountID, Data: sealed,
		createdAt: now.UnixMilli(), expiresAt: now.Add(flowLifetime).UnixMilli(),
	})
}

// Finish deletes and returns a flow. It fails with Gone "sign_in_expired",
// also for a finished or unknown flow.
func (f *Flows) Finish(ctx context.Context, tx *sqldb.Tx, kind Kind, token string) (Flow, error) {
	if IsHeld(token) {
		return f.openHeldFlow(kind, token)
	}
	return f.unexpiredFlow(deleteFlow(ctx, tx, account.HashToken(token), kind))
}

// Check is Finish without deleting the flow.
func (f *Flows) Check(ctx context.Context, q sqldb.Querier, kind Kind, token string) (Flow, error) {
	return f.unexpiredFlow(loadFlow(ctx, q, account.HashToken(token), kind))
}

func (f *Flows) unexpiredFlow(s Flow, err error) (Flow, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && s.expiresAt <= f.clock.MS() {
		return Flow{}, errFlowExpired()
	}
	if err != nil {
		return Flow{}, err
	}
	s.Data, err = f.keys.Open(flowDataColumn, s.tokenHash, s.Data)
	return s, err
}

func errFlowExpired() error {
	return errs.New(errs.Gone, "sign_in_expired", "This request has expired or was already completed. Start again.")
}

const heldPrefix = "held."

// IsHeld reports whether the flow of a token was started over the limit of
// starts.
func IsHeld(token string) bool { return strings.HasPrefix(token, heldPrefix) }

// openHeldFlow returns a flow that was started over the limit of starts. It is
// not stored, so that a flood of starts writes nothing; session.Active.Admit limits its end.
func (f *Flows) openHeldFlow(kind Kind, token string) (Flow, error) {
	opened, err := f.keys.OpenToken(string(kind), strings.TrimPrefix(token, heldPrefix))
	held := Flow{tokenHash: account.HashToken(opened.ID), kind: flowHeld, Data: opened.Data, createdAt: f.clock.MS(), expiresAt: opened.ExpiresAt, Held: true}
	if err != nil || held.expiresAt <= held.createdAt {
		return Flow{}, errFlowExpired()
	}
	return held, nil
}
