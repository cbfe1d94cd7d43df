package installation

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/sqldb"
)

// Account is an account with its sign-in methods and communities.
type Account struct {
	ID, Email, Username string
	InstallationOwner   bool
	CreatedAt           int64 // Unix milliseconds
	SignedInAt          int64 // Unix milliseconds; 0: never
	Verified            bool  // the email address is confirmed
	Password            bool
	TOTP                bool // two-factor authentication with an app is on
	Passkeys            int64
	Providers           int64    // connected accounts of OpenID Connect providers
	Sessions            int64    // active ones, limited ones included
	Communities         []string // names, the oldest community first
}

// Accounts returns a page of the accounts and the cursor of the next page, "" at
// the end. Search compares the beginning of email and username.
func (i *Installation) Accounts(ctx context.Context, caller actor.Actor, q Query) ([]Account, string, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, "", err
	}
	found, err := selectAccounts(ctx, i.db, q, i.clock.MS())
	if err != nil {
		return nil, "", err
	}
	found, next := page(found, q.Limit, func(a Account) string { return a.ID })
	ids := make([]string, len(found))
	for at, a := range found {
		ids[at] = a.ID
	}
	communities, err := selectCommunityNames(ctx, i.db, ids)
	if err != nil {
		return nil, "", err
	}
	for at := range found {
		found[at].Communities = communities[found[at].ID]
	}
	return found, next, nil
}

// SignOut ends all sessions of an account, revokes the person's API keys and
// forgets the known devices and networks. It is recorded in the audit log of the
// installation. It fails with NotFound "account_not_found".
func (i *Installation) SignOut(ctx context.Context, caller actor.Actor, accountID string) (account.Account, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return account.Account{}, err
	}
	found, err := i.accounts.Account(ctx, accountID)
	if err != nil {
		return found, err
	}
	recorded := sqldb.BeforeCommit(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		return audit.Record(ctx, tx, caller, i.clock.MS(), installationLog, "account.sign_out", audit.Target{Type: "account", ID: found.ID, Name: found.Username})
	})
	return found, i.accounts.Sessions.EndAll(recorded, accountID, "")
}

// installationLog is the community of entries that concern no community.
const installationLog = ""

// AuditLog returns a page of the audit log of the installation, see audit.List.
func (i *Installation) AuditLog(ctx context.Context, caller actor.Actor, f audit.Filter) ([]audit.Entry, string, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, "", err
	}
	return audit.List(ctx, i.db, installationLog, f)
}
