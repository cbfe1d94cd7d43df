// Package fieldchange changes and deletes custom fields, with the values that
// members have in them: it checks, converts, indexes and deletes the values at once
// or in a background job.
package fieldchange

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// Changes changes and deletes custom fields, with the values that members
// have in them. It is safe for concurrent use.
type Changes struct {
	db      *sqldb.DB
	clock   clock.Clock
	access  *access.Access
	members *roster.Roster
}

// New returns the Changes of a database.
func New(db *sqldb.DB, c clock.Clock, a *access.Access, members *roster.Roster) *Changes {
	return &Changes{db: db, clock: c, access: a, members: members}
}
