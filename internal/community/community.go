// Package community manages the communities of an installation and their
// settings. Membership and permissions belong to higher packages.
package community

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Community is a community; older paths of the API call it a server.
type Community struct {
	ID, Name  string
	Settings  Settings
	CreatedAt int64 // Unix milliseconds
	UpdatedAt int64 // Unix milliseconds
	DeletedAt int64 // Unix milliseconds; 0: not deleted
}

// Communities creates, updates and deletes communities.
type Communities struct{ d Deps }

// Deps are the dependencies of Communities.
type Deps struct {
	DB        *sqldb.DB
	Clock     clock.Clock
	OwnerOnly bool          // only the owner of the installation creates communities
	Retention time.Duration // how long a deleted community can be restored; 0: 30 days
	OnCreate  []CreateHook
	OnChange  []ChangeHook
	Erase     []Eraser
}

// CreateHook runs in the transaction in which an actor creates a community. An error rejects
// the community.
type CreateHook func(ctx context.Context, tx *sqldb.Tx, by actor.Actor, created Community) error

// ChangeHook runs in every transaction in which an actor changes the name or the
// settings of a community. An error rejects the change.
type ChangeHook func(ctx context.Context, tx *sqldb.Tx, by actor.Actor, old, changed Community) error

// Eraser deletes a batch of the data of a community that is not found by
// community_id, in the transaction of the caller. It is called until done, in
// the order of the list.
type Eraser func(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error)

const defaultRetention = 30 * 24 * time.Hour

// New returns the Communities of a database.
func New(d Deps) *Communities {
	if d.Retention <= 0 {
		d.Retention = defaultRetention
	}
	return &Communities{d}
}

// OwnerOnly reports whether only the owner of the installation creates
// communities.
func (c *Communities) OwnerOnly() bool { return c.d.OwnerOnly }

// Retention is the time in which a deleted community can be restored.
func (c *Communities) Retention() time.Duration { return c.d.Retention }

// Create creates a community with defaults for empty settings. The actor is for
// the hooks; access.CreateCommunity checks that it may. Create returns
// Invalid "invalid_input" with every invalid field.
func (c *Communities) Create(ctx context.Context, in Input, by actor.Actor) (Community, error) {
	in, err := in.normalise()
	if err != nil {
		return Community{}, err
	}
	now := c.d.Clock.Now()
	created := Community{
		ID: id.New(now), Name: in.Name, Settings: in.Settings,
		CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli(),
	}
	err = c.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := Insert(ctx, tx, created); err != nil {
			return err
		}
		for _, f := range c.d.OnCreate {
			if err := f(ctx, tx, by, created); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Community{}, err
	}
	return created, nil
}

// Get returns a community, or NotFound "community_not_found".
func (c *Communities) Get(ctx context.Context, communityID string) (Community, error) {
	return Load(ctx, c.d.DB, communityID)
}

// List returns the communities of the installation that are not deleted,
// oldest first.
func (c *Communities) List(ctx context.Context) ([]Community, error) {
	return list(ctx, c.d.DB)
}

// Update changes the non-nil fields of change. The actor is for the hooks;
// access.UpdateCommunity checks that it may. Update returns NotFound
// "community_not_found" or Invalid "invalid_input".
func (c *Communities) Update(ctx context.Context, communityID string, change Change, by actor.Actor) (Community, error) {
	var changed Community
	err := c.d.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		changed, err = c.UpdateIn(ctx, tx, by, communityID, change)
		return err
	})
	if err != nil {
		return Community{}, err
	}
	return changed, nil
}

// UpdateIn is Update in the transaction of the caller.
func (c *Communities) UpdateIn(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, change Change) (Community, error) {
	old, err := lock(ctx, tx, communityID)
	if err != nil {
		return Community{}, err
	}
	in, err := change.apply(old).normalise()
	if err != nil {
		return Community{}, err
	}
	changed := old
	changed.Name, changed.Settings, changed.UpdatedAt = in.Name, in.Settings, c.d.Clock.MS()
	for _, f := range c.d.OnChange {
		if err := f(ctx, tx, by, old, changed); err != nil {
			return Community{}, err
		}
	}
	return changed, update(ctx, tx, changed)
}

// Delete marks a community as deleted, in the transaction of the caller: it is
// no longer found, and its keys are invalid. confirm must be its name,
// otherwise Delete returns Invalid "confirm_required". now is in Unix
// milliseconds.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, confirm string, now int64) (Community, error) {
	c, err := lock(ctx, tx, communityID)
	if err != nil {
		return Community{}, err
	}
	if confirm != c.Name {
		return Community{}, errs.New(errs.Invalid, "confirm_required", "To delete the community, send its exact name in confirm.").
			WithFields(errs.Field{Field: "confirm", Code: "required", Message: "This is not the name of the community."})
	}
	c.DeletedAt = now
	return c, setDeleted(ctx, tx, c)
}

// Restore restores a deleted community, in the transaction of the caller. It
// returns NotFound "community_not_found", Conflict "not_deleted" or, if it was
// deleted at or before oldest (Unix milliseconds) and may be partly erased,
// Gone "community_erased".
func Restore(ctx context.Context, tx *sqldb.Tx, communityID string, oldest int64) (Community, error) {
	c, err := lockDeleted(ctx, tx, communityID)
	if err != nil {
		return Community{}, err
	}
	if c.DeletedAt == 0 {
		return Community{}, errs.New(errs.Conflict, "not_deleted", "This community is not deleted.")
	}
	if c.DeletedAt <= oldest {
		return Community{}, errs.New(errs.Gone, "community_erased", "This community can no longer be restored.")
	}
	c.DeletedAt = 0
	return c, setDeleted(ctx, tx, c)
}

// ErasureCutoff is the time in Unix milliseconds at or before which a
// community must have been deleted to be erased now.
func (c *Communities) ErasureCutoff() int64 { return c.d.Clock.Now().Add(-c.d.Retention).UnixMilli() }

// ErasedAt is the time in Unix milliseconds when a deleted community will be
// erased.
func (c *Communities) ErasedAt(deleted Community) int64 {
	return time.UnixMilli(deleted.DeletedAt).Add(c.d.Retention).UnixMilli()
}

// Sweep erases communities that can no longer be restored, in batches. It may
// run on several nodes at once.
func (c *Communities) Sweep(ctx context.Context) error {
	if err := markForErasure(ctx, c.d.DB, c.ErasureCutoff()); err != nil {
		return err
	}
	ids, err := markedForErasure(ctx, c.d.DB)
	if err != nil {
		return err
	}
	for _, communityID := range ids {
		if err := c.eraseCommunity(ctx, communityID); err != nil {
			return err
		}
	}
	return nil
}

func (c *Communities) eraseCommunity(ctx context.Context, communityID string) error {
	for _, erase := range c.d.Erase {
		for done := false; !done; {
			err := c.d.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				done, err = erase(ctx, tx, communityID)
				return err
			}, sqldb.WithoutGroupCommit)
			if err != nil {
				return err
			}
		}
	}
	if err := c.d.DB.DeleteByColumn(ctx, "community_id", communityID); err != nil {
		return err
	}
	return deleteMarked(ctx, c.d.DB, communityID)
}
