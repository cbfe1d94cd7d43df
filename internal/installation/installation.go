// Package installation lists the communities and accounts of the installation for
// its owner, and sends test mails.
package installation

import (
	"context"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// Installation answers the owner of the installation. Every method that has an
// actor fails with Forbidden "owner_required" for other actors.
type Installation struct {
	db          *sqldb.DB
	clock       clock.Clock
	accounts    *signin.Accounts
	communities *community.Communities
	mail        *mail.Mail
	baseURL     func() string
}

// Deps are the dependencies of Installation.
type Deps struct {
	DB          *sqldb.DB
	Clock       clock.Clock
	Accounts    *signin.Accounts
	Communities *community.Communities
	Mail        *mail.Mail
	BaseURL     func() string // address of the server without trailing slash
}

// New returns the Installation of a database.
func New(d Deps) *Installation {
	return &Installation{db: d.DB, clock: d.Clock, accounts: d.Accounts, communities: d.Communities, mail: d.Mail, baseURL: d.BaseURL}
}

// Query selects a page of a list, newest first.
type Query struct {
	Search string // "": all
	Cursor string // of the previous page; "": the first page
	Limit  int
}

// page returns at most limit elements and the cursor of the next page, "" at the
// end. list has one element more if there is a next page.
func page[T any](list []T, limit int, cursor func(T) string) (shown []T, next string) {
	if len(list) <= limit {
		return list, ""
	}
	return list[:limit], cursor(list[limit-1])
}

// DatabaseSize returns the size of the database in bytes.
func (i *Installation) DatabaseSize(ctx context.Context, caller actor.Actor) (int64, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return 0, err
	}
	return i.db.Size(ctx)
}
