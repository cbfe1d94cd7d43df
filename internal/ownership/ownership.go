// Package ownership adds owners to communities, transfers communities between
// members, and deletes and restores them.
package ownership

import (
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// Ownership answers for the owners of communities: adding one, transferring,
// deleting and restoring a community. It is safe for concurrent use.
type Ownership struct {
	db        *sqldb.DB
	clock     clock.Clock
	members   *roster.Roster
	access    *access.Access
	accounts  *signin.Accounts
	mail      *mail.Mail
	pictures  *media.Library
	retention time.Duration
	baseURL   func() string
}

// Deps are what an Ownership uses. A nil one fails only the calls that
// need it.
type Deps struct {
	DB        *sqldb.DB
	Clock     clock.Clock
	Members   *roster.Roster
	Access    *access.Access
	Accounts  *signin.Accounts
	Mail      *mail.Mail
	Pictures  *media.Library // for logos
	Retention time.Duration  // of ended transfers; 0: 30 days
	BaseURL   func() string  // address of the server without a trailing slash; nil: unknown
}

// New returns an Ownership.
func New(d Deps) *Ownership {
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	if d.Retention <= 0 {
		d.Retention = 30 * 24 * time.Hour
	}
	return &Ownership{
		db: d.DB, clock: d.Clock, members: d.Members, access: d.Access, accounts: d.Accounts, mail: d.Mail,
		pictures: d.Pictures, retention: d.Retention, baseURL: d.BaseURL,
	}
}
