// Package signin is the service of accounts: registration, sign-in, password reset and
// changes of the profile.
package signin

import (
	"context"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/account/passkey"
	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/reauth"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/account/twofactor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Accounts manages accounts and their sign-in. It is safe for concurrent use.
type Accounts struct {
	Sessions *session.Active
	*passkey.Authenticators
	Provider *provider.Client
	Clients  *throttle.Clients
	Proofs   *reauth.Proofs
	*twofactor.TwoFactor

	db               *sqldb.DB
	clock            clock.Clock
	closed           bool
	mail             *mail.Mail
	baseURL          func() string
	assignedUsername AssignedUsername
	limitSession     LimitSession
	revokeKeys       session.RevokeKeys
	changeHooks      account.ChangeHooks
	mailer           *mailer.Mailer
	hasher           *password.Hasher
	throttle         *throttle.Throttle
	flows            *flow.Flows
	links            *link.Links
	codes            *totp.Codes
}

// AssignedUsername returns the username that the oldest community assigned to an
// unclaimed member with an email address; added is false if there is none.
type AssignedUsername func(ctx context.Context, q sqldb.Querier, emailKey string) (username string, added bool, err error)

// LimitSession authorises a sign-in link of another system within the
// transaction that starts the limited session. It returns the account of a
// claimed member, the zero Account for an unclaimed one. It fails with Gone
// "link_expired", NotFound "user_not_found" or Forbidden "limited_session".
type LimitSession func(ctx context.Context, tx *sqldb.Tx, l link.Link) (account.Account, error)

// Deps are the dependencies of Accounts.
type Deps struct {
	DB               *sqldb.DB
	Clock            clock.Clock
	Log              *slog.Logger
	Keys             *seal.Keyring // nil: no two-factor authentication and no sign-in flows
	Closed           bool          // registration is closed
	Mail             *mail.Mail    // nil: operations that send mail fail
	BaseURL          func() string // address of the server without trailing slash; "": unknown
	Provider         provider.Config
	PasswordCost     password.Cost // zero: the default
	AssignedUsername AssignedUsername
	LimitSession     LimitSession
	RevokeKeys       session.RevokeKeys
	ChangeHooks      account.ChangeHooks
}

// New returns the Accounts of a database.
func New(d Deps) *Accounts {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	a := &Accounts{
		db: d.DB, clock: d.Clock, closed: d.Closed, mail: d.Mail, baseURL: d.BaseURL,
		assignedUsername: d.AssignedUsername, limitSession: d.LimitSession, revokeKeys: d.RevokeKeys, changeHooks: d.ChangeHooks,
		mailer: mailer.New(d.Mail, d.BaseURL), hasher: password.NewHasher(d.PasswordCost), throttle: throttle.New(d.DB, d.Clock),
		flows: flow.New(d.Clock, d.Keys), links: link.New(d.DB, d.Clock), codes: totp.New(d.Clock, d.Keys, d.Log),
		Clients: throttle.NewClients(d.DB, d.Clock),
	}
	a.Proofs = reauth.New(d.DB, d.Clock, a.hasher, a.throttle, a.codes)
	a.Sessions = session.New(d.DB, d.Clock, d.Log, a.Clients, d.RevokeKeys)
	a.TwoFactor = twofactor.New(d.DB, d.Clock, a.codes, a.throttle, a.Proofs, a.mailer)
	a.Authenticators = passkey.New(d.DB, d.Clock, d.Log, a.flows, a.Sessions, a.Proofs, a.mailer)
	a.Provider = provider.New(d.DB, d.Clock, a.flows, a.Proofs, a.mailer, d.Provider)
	return a
}

// Sweep deletes expired rows: sessions a month after their end (until then
// their tokens are reported as expired), links, registrations, sign-in flows,
// failed sign-ins and known clients.
func (a *Accounts) Sweep(ctx context.Context) error {
	for _, sweep := range []func(context.Context, *sqldb.DB, time.Time) error{session.Sweep, link.Sweep, flow.Sweep, throttle.Sweep} {
		if err := sweep(ctx, a.db, a.clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// Input is the input of CreateAccount.
type Input struct {
	Email, Username   string
	Password          string // "": the account cannot sign in with a password
	InstallationOwner bool
}

// NotifyMethodAdded notifies an account of a new sign-in method, if mail is
// configured. kind is one of mail's kinds; name may be empty.
func (a *Accounts) NotifyMethodAdded(ctx context.Context, tx *sqldb.Tx, accountID, kind, name string) error {
	return a.mailer.NotifyMethodAdded(ctx, tx, accountID, kind, name)
}
