// Package assign assigns roles and tags to members and removes them, one by one or
// in background jobs.
package assign

import (
	"log/slog"
	"sync/atomic"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Assignments assigns roles and tags to members. It is safe for concurrent use.
type Assignments struct {
	db          *sqldb.DB
	clock       clock.Clock
	access      *access.Access
	log         *slog.Logger
	roleDeleted []RoleDeleted
	batch       int // members that lose a role or tag in one transaction
	skipped     atomic.Int64
}

// Deps are what Assignments use.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
	Log    *slog.Logger
	// RoleDeleted is called in the transaction that deletes a role.
	RoleDeleted []RoleDeleted
}

// New returns Assignments.
func New(d Deps) *Assignments {
	return &Assignments{db: d.DB, clock: d.Clock, access: d.Access, log: d.Log, roleDeleted: d.RoleDeleted, batch: removeBatch}
}

// removeBatch is the default of Assignments.batch.
const removeBatch = 1000

// RegisterJobs registers the workers that remove deleted roles and tags from
// members. Call it before the engine starts.
func (s *Assignments) RegisterJobs(engine *jobs.Engine) {
	jobs.Register(engine, s.removeRole)
	jobs.Register(engine, s.removeTag)
}
