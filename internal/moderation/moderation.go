// Package moderation admits people to communities and removes them: joining,
// invites, declining, leaving and penalties.
package moderation

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// Moderation admits people to communities and removes them: joining, invites,
// leaving and penalties. It is safe for concurrent use.
type Moderation struct {
	db       *sqldb.DB
	clock    clock.Clock
	members  *roster.Roster
	access   *access.Access
	accounts *signin.Accounts
	mail     *mail.Mail
	baseURL  func() string
}

// Deps are what a Moderation uses. A nil one fails only the calls
// that need it.
type Deps struct {
	DB       *sqldb.DB
	Clock    clock.Clock
	Members  *roster.Roster
	Access   *access.Access
	Accounts *signin.Accounts
	Mail     *mail.Mail
	BaseURL  func() string // address of the server without a trailing slash; nil: unknown
}

// New returns a Moderation.
func New(d Deps) *Moderation {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	return &Moderation{db: d.DB, clock: d.Clock, members: d.Members, access: d.Access, accounts: d.Accounts, mail: d.Mail, baseURL: d.BaseURL}
}
