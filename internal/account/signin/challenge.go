package signin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// CodeRequiredError is the cause of the error "totp_required". A code sent to
// AnswerChallenge within ten minutes completes the sign-in.
type CodeRequiredError struct{ Challenge string }

func (n *CodeRequiredError) Error() string { return "two-factor code required" }

// KnownDeviceOfChallenge is KnownDevice for the account of a two-factor challenge.
func (a *Accounts) KnownDeviceOfChallenge(ctx context.Context, challenge, cookie string) (string, error) {
	if len(throttle.DeviceClients(cookie)) == 0 {
		return "", nil
	}
	flow, err := a.flows.Check(ctx, a.db, flow.TwoFactor, challenge)
	if errs.From(err) != nil {
		return "", nil // AnswerChallenge reports it
	}
	if err != nil {
		return "", err
	}
	return a.Clients.Known(ctx, a.db, flow.AccountID, account.SessionInfo{Device: cookie})
}

// AnswerChallenge completes a sign-in after "totp_required" with a code of the
// app or a recovery code. It fails with Gone "sign_in_expired", Unauthenticated
// "wrong_code" or Limited "too_many_sign_ins"; the challenge remains valid
// after the last two.
func (a *Accounts) AnswerChallenge(ctx context.Context, challenge, code string, info account.SessionInfo) (token string, acct account.Account, err error) {
	started, err := a.flows.Check(ctx, a.db, flow.TwoFactor, challenge)
	if err != nil {
		return "", account.Account{}, err
	}
	client, err := a.Clients.Known(ctx, a.db, started.AccountID, info)
	if err != nil {
		return "", account.Account{}, err
	}
	locked, others := throttle.WithAddress(info.Address, throttle.ByAccount(started.AccountID)), []throttle.Counter(nil)
	if client != "" {
		locked, others = []throttle.Counter{throttle.ByClient(started.AccountID, client)}, throttle.WithAddress(info.Address)
	}
	err = a.throttle.Attempt(ctx, locked, others, func(tx *sqldb.Tx) error {
		if err := a.codes.Use(ctx, tx, started.AccountID, code); err != nil {
			return err
		}
		if _, err := a.flows.Finish(ctx, tx, flow.TwoFactor, challenge); err != nil {
			return err
		}
		if err := a.completePartial(ctx, tx, started, client, info); err != nil {
			return err
		}
		if err := throttle.ResetFailures(ctx, tx, locked[0]); err != nil {
			return err
		}
		token, acct, err = a.Sessions.Start(ctx, tx, started.AccountID, info)
		return err
	})
	if err != nil {
		return "", account.Account{}, err
	}
	return token, acct, nil
}

// checkTwoFactor returns nil if the account has no two-factor authentication,
// or if code, of its app or a recovery code, is correct; it is used up with the
// transaction. It fails with Unauthenticated "totp_required", with a
// CodeRequiredError as its cause, if code is empty, or with Unauthenticated
// "wrong_code": commit then, and count it. login is the name of the sign-in.
func (a *Accounts) checkTwoFactor(ctx context.Context, tx *sqldb.Tx, accountID, code, login string) error {
	stored, err := totp.Load(ctx, tx, accountID, "")
	if err != nil || stored.ConfirmedAt == 0 {
		return err
	}
	if code != "" {
		return a.codes.Use(ctx, tx, accountID, code)
	}
	return a.startChallenge(ctx, tx, accountID, partialSignIn{Login: account.EmailKey(login)})
}

// partialSignIn is the data of a two-factor challenge.
type partialSignIn struct {
	Login       string             `json:"login,omitempty"`   // name of the password sign-in
	NewIdentity *provider.Identity `json:"pending,omitempty"` // linked after the code
}

// completePartial links the pending identity of a challenge, and resets the
// failures of the same client.
func (a *Accounts) completePartial(ctx context.Context, tx *sqldb.Tx, flow flow.Flow, client string, info account.SessionInfo) error {
	var partial partialSignIn
	if err := json.Unmarshal([]byte(flow.Data), &partial); err != nil {
		return fmt.Errorf("decode two-factor challenge: %w", err)
	}
	if partial.NewIdentity != nil {
		partial.NewIdentity.AccountID = flow.AccountID
		if err := a.Provider.AddIdentity(ctx, tx, *partial.NewIdentity); err != nil {
			return err
		}
	}
	if partial.Login == "" {
		return nil // no password; AnswerChallenge resets its own counter
	}
	return throttle.PasswordAttempt{Login: account.Login{Account: account.Account{ID: flow.AccountID}}, Name: partial.Login, Client: client, Info: info}.ResetAfterSignIn(ctx, tx)
}

// challengeProviderSignIn is checkTwoFactor for a sign-in by the provider.
// pending is the identity to link after the correct code, nil if it is linked.
func (a *Accounts) challengeProviderSignIn(ctx context.Context, tx *sqldb.Tx, accountID string, pending *provider.Identity) error {
	stored, err := totp.Load(ctx, tx, accountID, "")
	if err != nil || stored.ConfirmedAt == 0 {
		return err
	}
	return a.startChallenge(ctx, tx, accountID, partialSignIn{NewIdentity: pending})
}

func (a *Accounts) startChallenge(ctx context.Context, tx *sqldb.Tx, accountID string, partial partialSignIn) error {
	data, err := json.Marshal(partial)
	if err != nil {
		return fmt.Errorf("encode two-factor challenge: %w", err)
	}
	challenge, err := a.flows.Start(ctx, tx, flow.TwoFactor, accountID, string(data), false)
	if err != nil {
		return err
	}
	return errs.New(errs.Unauthenticated, "totp_required", "Enter the code of your authenticator app, or a recovery code.").
		Because(&CodeRequiredError{challenge})
}
