// Package roster creates, changes, deletes and restores the members of communities,
// and erases them after the retention time.
package roster

import (
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Roster creates, changes, deletes and restores members; its parts read them
// and assign roles and tags. It is safe for concurrent use.
type Roster struct {
	*directory.Directory
	*assign.Assignments
	db        *sqldb.DB
	clock     clock.Clock
	access    *access.Access
	mail      *mail.Mail
	pictures  *media.Library
	retention time.Duration
	baseURL   func() string
	erase     []Eraser
	content   ContentEraser
}

// Deps are what a Roster uses. Apart from DB and Clock, a nil one fails only
// the calls that need it.
type Deps struct {
	DB        *sqldb.DB
	Clock     clock.Clock
	Access    *access.Access
	Mail      *mail.Mail     // for mails to new members
	Pictures  *media.Library // for avatars
	Retention time.Duration  // how long a deleted member can be restored; 0: 30 days
	Log       *slog.Logger   // nil: the default one
	BaseURL   func() string  // address of the server without a trailing slash; nil: unknown

	// Erase erases the data of features that are above this package.
	Erase []Eraser
	// EraseContent erases what members wrote, in batches before Erase; nil: nothing.
	EraseContent ContentEraser
	// Rewards read tiers and badges.
	Rewards directory.Rewards
	// RoleDeleted is called in the transaction that deletes a role.
	RoleDeleted []assign.RoleDeleted
}

// New returns a Roster.
func New(d Deps) *Roster {
	if d.Retention <= 0 {
		d.Retention = 30 * 24 * time.Hour
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.BaseURL == nil {
		d.BaseURL = func() string { return "" }
	}
	return &Roster{
		Directory:   directory.New(d.DB, d.Clock, d.Access, d.Rewards),
		Assignments: assign.New(assign.Deps{DB: d.DB, Clock: d.Clock, Access: d.Access, Log: d.Log, RoleDeleted: d.RoleDeleted}),
		db:          d.DB, clock: d.Clock, access: d.Access, mail: d.Mail, pictures: d.Pictures, retention: d.Retention, baseURL: d.BaseURL, erase: d.Erase, content: d.EraseContent,
	}
}
