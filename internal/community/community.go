// Package community keeps the communities of an installation and their
// settings. Who belongs to one and what they may do is left to the packages
// above.
package community

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Community is a community, on older paths of the API called a server.
type Community struct {
	ID, Name  string
	Settings  Settings
	CreatedAt int64 // Unix milliseconds
	UpdatedAt int64 // Unix milliseconds
	DeletedAt int64 // Unix milliseconds; 0: it is not deleted
}

// Communities makes and changes communities.
type Communities struct {
	db     *sqldb.DB
	clock  clock.Clock
	rules  Rules
	born   []func(context.Context, *sqldb.Tx, Community) error
	change []func(ctx context.Context, tx *sqldb.Tx, old, changed Community) error
	erase  []Eraser
}

// Rules are what an installation decides about its communities.
type Rules struct {
	OwnerOnly bool          // only the owner of the installation makes communities
	Retention time.Duration // how long a deleted community can be restored; 0: 30 days
}

const defaultRetention = 30 * 24 * time.Hour

// New returns the Communities of a database.
func New(db *sqldb.DB, c clock.Clock) *Communities {
	return &Communities{db: db, clock: c, rules: Rules{Retention: defaultRetention}}
}

// SetRules makes the installation's rules known. Call it while the program is
// put together, not later.
func (c *Communities) SetRules(r Rules) {
	if r.Retention <= 0 {
		r.Retention = defaultRetention
	}
	c.rules = r
}

// Rules returns the installation's rules.
func (c *Communities) Rules() Rules { return c.rules }

// OnCreate makes f a part of the transaction that creates a community: what
// each community must have from its first moment. Call it while the program is
// put together, not later.
func (c *Communities) OnCreate(f func(ctx context.Context, tx *sqldb.Tx, made Community) error) {
	c.born = append(c.born, f)
}

// OnChange makes f a part of every transaction that changes a community's name
// or settings; its error refuses the change. Call it while the program is put
// together, not later.
func (c *Communities) OnChange(f func(ctx context.Context, tx *sqldb.Tx, old, changed Community) error) {
	c.change = append(c.change, f)
}

// Create makes a community. Empty settings get their defaults. It fails with
// Invalid "invalid_input" and names every wrong field.
func (c *Communities) Create(ctx context.Context, in Input) (Community, error) {
	in, err := in.normal()
	if err != nil {
		return Community{}, err
	}
	now := c.clock.Now()
	made := Community{
		ID: id.New(now), Name: in.Name, Settings: in.Settings,
		CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli(),
	}
	err = c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := Insert(ctx, tx, made); err != nil {
			return err
		}
		for _, f := range c.born {
			if err := f(ctx, tx, made); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Community{}, err
	}
	return made, nil
}

// Get returns a community, or NotFound "community_not_found".
func (c *Communities) Get(ctx context.Context, communityID string) (Community, error) {
	return Load(ctx, c.db, communityID)
}

// List returns all communities of the installation that are not deleted,
// oldest first.
func (c *Communities) List(ctx context.Context) ([]Community, error) {
	return list(ctx, c.db)
}

// Update changes what change names and leaves the rest. It fails with NotFound
// "community_not_found" or Invalid "invalid_input".
func (c *Communities) Update(ctx context.Context, communityID string, change Change) (Community, error) {
	var changed Community
	err := c.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		changed, err = c.UpdateIn(ctx, tx, communityID, change)
		return err
	})
	if err != nil {
		return Community{}, err
	}
	return changed, nil
}

// UpdateIn is Update in the caller's transaction.
func (c *Communities) UpdateIn(ctx context.Context, tx *sqldb.Tx, communityID string, change Change) (Community, error) {
	old, err := lock(ctx, tx, communityID)
	if err != nil {
		return Community{}, err
	}
	in, err := change.of(old).normal()
	if err != nil {
		return Community{}, err
	}
	changed := old
	changed.Name, changed.Settings, changed.UpdatedAt = in.Name, in.Settings, c.clock.MS()
	for _, f := range c.change {
		if err := f(ctx, tx, old, changed); err != nil {
			return Community{}, err
		}
	}
	return changed, update(ctx, tx, changed)
}
