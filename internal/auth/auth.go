// Package auth knows who asks and what they may do: accounts, passwords,
// sessions, API keys, roles and the one question Can. Which account is a
// member of which community, with which roles, is kept by the package above
// and asked for through Standings.
package auth

import (
	"context"
	"log/slog"
	"sync"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb"
)

// Standing is what an account is in a community.
type Standing struct {
	Member  bool // false: the rest is empty
	State   string
	Owner   bool
	RoleIDs []string // without the role that every member has
}

// Standings answers where accounts are members. Member is false for a
// membership that was deleted.
type Standings interface {
	Standing(ctx context.Context, q sqldb.Querier, communityID, accountID string) (Standing, error)
	Communities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error)
}

// Auth signs people and programs in and decides what they may do. It may be
// used by many goroutines.
type Auth struct {
	db          *sqldb.DB
	communities *community.Communities
	standings   Standings
	clock       clock.Clock
	log         *slog.Logger
	hashing     chan struct{} // one place for each password that is hashed now
	touching    sync.Mutex
}

// Deps are what an Auth stands on.
type Deps struct {
	DB          *sqldb.DB
	Communities *community.Communities
	Standings   Standings
	Clock       clock.Clock
	Log         *slog.Logger
}

// New returns the Auth of a database. Every community that d.Communities makes
// from now on gets the role of everyone.
func New(d Deps) *Auth {
	d.Communities.OnCreate(func(ctx context.Context, tx *sqldb.Tx, made community.Community) error {
		return EnsureEveryone(ctx, tx, made.ID)
	})
	return &Auth{
		db: d.DB, communities: d.Communities, standings: d.Standings, clock: d.Clock, log: d.Log,
		hashing: make(chan struct{}, hashesAtOnce()),
	}
}
