// Package community keeps the communities of an installation and their
// settings. Who belongs to one and what they may do is left to the packages
// above.
package community

import (
	"context"

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
}

// Settings are what a community chooses for itself. The JSON form is the one
// in the database.
type Settings struct {
	OpenBulkImport bool   `json:"openBulkImport"` // anybody may import without a credential
	TimeZone       string `json:"timeZone"`       // IANA name
	Language       string `json:"language"`       // BCP 47 tag
	Accent         string `json:"accent"`         // #rrggbb
}

// What a new community has where its input says nothing.
const (
	DefaultTimeZone = "UTC"
	DefaultLanguage = "en"
	DefaultAccent   = "#4f46e5"
)

// Communities makes and changes communities.
type Communities struct {
	db    *sqldb.DB
	clock clock.Clock
	born  []func(context.Context, *sqldb.Tx, Community) error
}

// New returns the Communities of a database.
func New(db *sqldb.DB, c clock.Clock) *Communities { return &Communities{db: db, clock: c} }

// OnCreate makes f a part of the transaction that creates a community: what
// each community must have from its first moment. Call it while the program is
// put together, not later.
func (c *Communities) OnCreate(f func(ctx context.Context, tx *sqldb.Tx, made Community) error) {
	c.born = append(c.born, f)
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

// List returns all communities of the installation, oldest first.
func (c *Communities) List(ctx context.Context) ([]Community, error) {
	return list(ctx, c.db)
}

// Update changes what change names and leaves the rest. It fails with NotFound
// "community_not_found" or Invalid "invalid_input".
func (c *Communities) Update(ctx context.Context, communityID string, change Change) (Community, error) {
	var changed Community
	err := c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := lock(ctx, tx, communityID)
		if err != nil {
			return err
		}
		in, err := change.of(old).normal()
		if err != nil {
			return err
		}
		changed = old
		changed.Name, changed.Settings, changed.UpdatedAt = in.Name, in.Settings, c.clock.MS()
		return update(ctx, tx, changed)
	})
	if err != nil {
		return Community{}, err
	}
	return changed, nil
}
