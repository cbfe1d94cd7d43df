// Package link stores one-time links and the registrations and email changes that links
// confirm.
package link

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Purpose is the use of a one-time link.
type Purpose string

// SignIn signs an account in.
const SignIn Purpose = "sign_in"

// The other purposes have their own constructors.
const (
	Setup  Purpose = "setup"  // creates the first account
	Reset  Purpose = "reset"  // sets a new password
	Member Purpose = "member" // starts a limited session of a member
)

// Lifetimes of links that an operator creates.
const (
	SignInLifetime = time.Hour
	SetupLifetime  = 24 * time.Hour
)

// Link is a row of one_time_links.
type Link struct {
	TokenHash              string
	Purpose                Purpose
	AccountID              string // "" for set-up, and for a person without an account
	Email, EmailKey        string // of a person without an account, Reset only
	MemberID               string // of Member
	SessionID, CommunityID string // of the limited session, Member only
	Host                   string // name of the requesting system, Member only
	KeyID                  string // API key that created the link, "": none
	CreatedAt, ExpiresAt   int64
}

// Links manages one-time links.
type Links struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns the Links of a database.
func New(db *sqldb.DB, c clock.Clock) *Links { return &Links{db, c} }

// New stores l with a new token. expiresAt is in Unix milliseconds.
func (links *Links) New(ctx context.Context, q sqldb.Querier, l Link, lifetime time.Duration) (token string, expiresAt int64, err error) {
	token = account.NewToken()
	l.TokenHash, l.CreatedAt = account.HashToken(token), links.clock.MS()
	l.ExpiresAt = l.CreatedAt + lifetime.Milliseconds()
	return token, l.ExpiresAt, Insert(ctx, q, l)
}

// Use deletes and returns the link of a token. It fails with Gone
// "link_expired".
func (links *Links) Use(ctx context.Context, tx *sqldb.Tx, token string, purposes ...Purpose) (Link, error) {
	return links.unexpired(deleteLink(ctx, tx, account.HashToken(token), purposes...))
}

// LoadValid is Use without deleting the link.
func (links *Links) LoadValid(ctx context.Context, token string, purpose Purpose) (Link, error) {
	return links.unexpired(loadLink(ctx, links.db, account.HashToken(token), purpose))
}

// Expired is the error of an expired or used link.
func Expired() error {
	return errs.New(errs.Gone, "link_expired", "This link has expired or was used already. Ask for a new one.")
}

// unexpired replaces NotFound and an expired link by Gone "link_expired".
func (links *Links) unexpired(l Link, err error) (Link, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && l.ExpiresAt <= links.clock.MS() {
		return Link{}, Expired()
	}
	return l, err
}
