// Package auth knows who asks and what they may do: accounts, passwords,
// sessions, API keys, roles and the one question Can. Which account is a
// member of which community, with which roles, is kept by the package above
// and asked for through Standings.
package auth

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Standing is what an account is in a community.
type Standing struct {
	Member    bool // false: the rest is empty, except where a membership ended or has not begun
	MemberID  string
	AccountID string // of a claimed member; "": unclaimed
	Username  string // in this community
	State     string
	Owner     bool
	RoleIDs   []string // without the role that every member has

	SuspendedUntil int64 // Unix milliseconds; in the past or 0: not suspended
}

// Standings answers where accounts are members, by claimed memberships only:
// one that nobody accepted is no account's. Member is false for a membership
// that was deleted, has ended or has not begun, and for a community that was
// deleted.
type Standings interface {
	// Standing is the standing of a claimed account.
	Standing(ctx context.Context, q sqldb.Querier, communityID, accountID string) (Standing, error)
	// MemberStanding is the standing of a member, claimed or not.
	MemberStanding(ctx context.Context, q sqldb.Querier, communityID, memberID string) (Standing, error)
	Communities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error)
	// GivenName is the username that the oldest community gave to an unclaimed
	// member with an address; added is false when there is none.
	GivenName(ctx context.Context, q sqldb.Querier, emailKey string) (username string, added bool, err error)
}

// Auth signs people and programs in and decides what they may do. It may be
// used by many goroutines.
type Auth struct {
	db          *sqldb.DB
	communities *community.Communities
	standings   Standings
	clock       clock.Clock
	log         *slog.Logger
	keys        *seal.Ring
	closed      bool          // nobody may register
	mail        *mail.Mail    // nil: nobody is written to
	baseURL     string        // where people reach the server, without a slash at its end
	provider    *provider     // nil: nobody signs in by one
	hashes      atomic.Int64  // passwords that were hashed so far
	hashing     chan struct{} // one place for each password that is hashed now
	touching    sync.Mutex
	followers   []Follower
}

// Deps are what an Auth stands on.
type Deps struct {
	DB          *sqldb.DB
	Communities *community.Communities
	Standings   Standings
	Clock       clock.Clock
	Log         *slog.Logger
	Keys        *seal.Ring // nil: there is no second factor, nor any sign-in of several steps
	Closed      bool       // nobody may register
	Mail        *mail.Mail // nil where nobody is written to: what needs mail fails then
}

// New returns the Auth of a database. Every community that d.Communities makes
// from now on gets the role of everyone.
func New(d Deps) *Auth {
	d.Communities.OnCreate(func(ctx context.Context, tx *sqldb.Tx, made community.Community) error {
		if err := EnsureEveryone(ctx, tx, made.ID); err != nil {
			return err
		}
		if actor.FromContext(ctx).Kind == actor.Anonymous {
			return nil // made while the installation is set up
		}
		return Note(ctx, tx, made.CreatedAt, made.ID, "community.create", audit.Target{Type: "community", ID: made.ID, Name: made.Name})
	})
	d.Communities.OnCreate(personOpensNew)
	d.Communities.OnChange(personOpens)
	d.Communities.OnChange(noteSettings)
	return &Auth{
		db: d.DB, communities: d.Communities, standings: d.Standings, clock: d.Clock, log: d.Log, keys: d.Keys, mail: d.Mail, closed: d.Closed,
		hashing: make(chan struct{}, hashesAtOnce()),
	}
}

// SetBaseURL says where people reach the server, for the links in mails and
// for passkeys. Call it before the first request.
func (a *Auth) SetBaseURL(base string) { a.baseURL = strings.TrimRight(base, "/") }
