package account

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// owned notes that an account belongs to whoever reads the mail of its
// address. The first time that is shown, everything goes that signs in to the
// account: somebody else may have made it, and have put that there. A new
// password is left to the caller.
func (a *Accounts) owned(ctx context.Context, tx *sqldb.Tx, accountID string) (first bool, err error) {
	first, err = setVerified(ctx, tx, accountID, a.clock.MS())
	if err != nil || !first {
		return first, err
	}
	if err := deleteMethodsOf(ctx, tx, accountID); err != nil {
		return true, err
	}
	if err := a.revokeKeys(ctx, tx, accountID); err != nil {
		return true, err
	}
	if err := deleteSessionsOf(ctx, tx, accountID, ""); err != nil {
		return true, err
	}
	if err := deleteEmailChangeOf(ctx, tx, accountID); err != nil {
		return true, err
	}
	return true, deleteLinksOf(ctx, tx, accountID)
}

// ProveOwner is prove for whoever adds a way to sign in: nobody does before
// the address of the account is proven, since it would outlast the person who
// has that address. It fails with Forbidden "email_not_verified" too.
func (a *Accounts) ProveOwner(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := onlySelf(actor); err != nil {
		return err
	}
	if err := a.requireVerified(ctx, actor.AccountID); err != nil {
		return err
	}
	return a.prove(ctx, actor, p)
}

// Confirmed reports whether the email address of an account was proven by the
// person of the account.
func Confirmed(ctx context.Context, q sqldb.Querier, accountID string) (bool, error) {
	at, err := verifiedAt(ctx, q, accountID)
	return at != 0, err
}

// InUse reports whether a person has confirmed the address of an account and
// has signed in; false for an account that does not exist.
func InUse(ctx context.Context, q sqldb.Querier, accountID string) (bool, error) {
	account, err := LoadAccount(ctx, q, accountID)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	if err != nil || account.SignedInAt == 0 {
		return false, err
	}
	return Confirmed(ctx, q, accountID)
}

func (a *Accounts) requireVerified(ctx context.Context, accountID string) error {
	at, err := verifiedAt(ctx, a.db, accountID)
	if err == nil && at == 0 {
		return errs.New(errs.Forbidden, "email_not_verified", "Nobody has shown yet that the email address of this account is theirs. Choose a new password by \"Forgot password\", which proves the address, and try again.")
	}
	return err
}
