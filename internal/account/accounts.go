// Package account manages the identity of persons: accounts, sessions,
// passwords, passkeys, two-factor authentication, OpenID Connect and one-time
// links. Memberships and permissions are the business of packages above.
package account

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Accounts manages accounts and signs their owners in. It is safe for
// concurrent use.
type Accounts struct {
	db           *sqldb.DB
	clock        clock.Clock
	log          *slog.Logger
	keys         *seal.Keyring
	closed       bool
	mail         *mail.Mail
	baseURL      func() string
	provider     *provider // nil: no OpenID Connect
	givenName    GivenName
	limitSession LimitSession
	revokeKeys   func(ctx context.Context, tx *sqldb.Tx, accountID string) error
	followers    []Follower
	touch        *Touch
	hashes       atomic.Int64  // passwords hashed so far
	hashing      chan struct{} // one slot for each password that is being hashed
}

// GivenName returns the username that the oldest community gave to an unclaimed
// member with an address; added is false if there is none.
type GivenName func(ctx context.Context, q sqldb.Querier, emailKey string) (username string, added bool, err error)

// LimitSession decides whether a link of another system may start a session in
// its community, in the transaction that starts it. It returns the account of a
// claimed member, the zero Account of an unclaimed one. It fails with Gone
// "link_expired", NotFound "user_not_found" or Forbidden "limited_session".
type LimitSession func(ctx context.Context, tx *sqldb.Tx, l Link) (Account, error)

// Deps are the dependencies of Accounts.
type Deps struct {
	DB           *sqldb.DB
	Clock        clock.Clock
	Log          *slog.Logger
	Keys         *seal.Keyring // nil: no two-factor authentication, and no sign-in of several steps
	Closed       bool          // registration is closed
	Mail         *mail.Mail    // nil: operations that send mail fail
	BaseURL      func() string // address of the server without a slash at its end; "": unknown
	Provider     ProviderConfig
	GivenName    GivenName
	LimitSession LimitSession
	RevokeKeys   func(ctx context.Context, tx *sqldb.Tx, accountID string) error // deletes the API keys of an account
	Followers    []Follower
}

// New returns the Accounts of a database.
func New(d Deps) *Accounts {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	return &Accounts{
		db: d.DB, clock: d.Clock, log: d.Log, keys: d.Keys, closed: d.Closed, mail: d.Mail, baseURL: d.BaseURL, provider: newProvider(d.Provider),
		givenName: d.GivenName, limitSession: d.LimitSession, revokeKeys: d.RevokeKeys, followers: d.Followers, touch: NewTouch(d.Log),
		hashing: make(chan struct{}, hashesAtOnce()),
	}
}

// newProvider returns nil for the zero ProviderConfig.
func newProvider(c ProviderConfig) *provider {
	if c.Issuer == "" {
		return nil
	}
	if address, err := url.Parse(c.Issuer); err == nil && c.Name == "" {
		c.Name = address.Host
	}
	return &provider{config: c, client: &http.Client{Timeout: providerPatience}}
}
