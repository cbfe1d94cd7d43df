// Package access authenticates credentials and authorises actors: API keys,
// roles, ranks and permissions. Memberships belong to a package above and are
// read through Memberships.
package access

import (
	"context"
	"log/slog"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb"
)

// Membership describes an account or member in a community.
type Membership struct {
	Member    bool // false: the rest is empty, unless the membership ended or has not begun
	MemberID  string
	AccountID string // of a claimed member; "": unclaimed
	Username  string // in this community
	State     string
	Owner     bool
	RoleIDs   []string // without @all

	JoinedAt       int64 // Unix milliseconds
	SuspendedUntil int64 // Unix milliseconds; in the past or 0: not suspended
}

// Memberships reads the members of communities. Only claimed memberships belong
// to an account. Member is false for a membership that was deleted, has ended or
// has not begun, and in a deleted community.
type Memberships interface {
	// ByAccount returns the membership of a claimed account.
	ByAccount(ctx context.Context, q sqldb.Querier, communityID, accountID string) (Membership, error)
	// ByMember returns the membership of a member, claimed or not.
	ByMember(ctx context.Context, q sqldb.Querier, communityID, memberID string) (Membership, error)
	Communities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error)
}

// Access authenticates credentials and authorises actors. It is safe for
// concurrent use.
type Access struct {
	db          *sqldb.DB
	accounts    *signin.Accounts
	communities *community.Communities
	memberships Memberships
	clock       clock.Clock
	baseURL     func() string
	touch       *account.Touch
}

// Deps are the dependencies of Access.
type Deps struct {
	DB          *sqldb.DB
	Accounts    *signin.Accounts
	Communities *community.Communities
	Memberships Memberships
	Clock       clock.Clock
	Log         *slog.Logger
	BaseURL     func() string // address of the server without a slash at its end; nil: unknown
}

// New returns the Access of a database.
func New(d Deps) *Access {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	return &Access{db: d.DB, accounts: d.Accounts, communities: d.Communities, memberships: d.Memberships, clock: d.Clock, baseURL: d.BaseURL, touch: account.NewTouch(d.Log)}
}

// Sweep deletes the previous secrets of rotated keys a month after they stop
// working.
func (a *Access) Sweep(ctx context.Context) error {
	return sweepOldSecrets(ctx, a.db, a.clock.Now().AddDate(0, -1, 0).UnixMilli())
}
