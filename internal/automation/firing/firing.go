// Package firing runs automations: it handles the events that trigger them, performs their
// actions and keeps a log.
package firing

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Firings.
type Deps struct {
	DB          *sqldb.DB
	Clock       clock.Clock
	Access      *access.Access
	Automations *automation.Automations
	Ledger      *ledger.Ledger
	Awards      *award.Awards
	Posts       *post.Posts
}

// Firings are the firings of the automations of all communities. It is safe for concurrent
// use.
type Firings struct{ d Deps }

// New returns the Firings of a database.
func New(d Deps) *Firings { return &Firings{d} }
