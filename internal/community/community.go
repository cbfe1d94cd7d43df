// Package community manages the communities of an installation and their
// settings. Membership and permissions belong to higher packages.
package community

import (
	"context"
	"time"

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
type Communities struct {
	db       *sqldb.DB
	clock    clock.Clock
	rules    Rules
	onCreate []func(context.Context, *sqldb.Tx, Community) error
	onChange []func(ctx context.Context, tx *sqldb.Tx, old, changed Community) error
	erasers  []Eraser
}

// Rules are settings of the installation.
type Rules struct {
	OwnerOnly bool          // only the owner of the installation creates communities
	Retention time.Duration // how long a deleted community can be restored; 0: 30 days
}

const defaultRetention = 30 * 24 * time.Hour

// New returns the Communities of a database.
func New(db *sqldb.DB, c clock.Clock) *Communities {
	return &Communities{db: db, clock: c, rules: Rules{Retention: defaultRetention}}
}

// SetRules sets the rules of the installation. It must be called before the
// first request.
func (c *Communities) SetRules(r Rules) {
	if r.Retention <= 0 {
		r.Retention = defaultRetention
	}
	c.rules = r
}

// Rules returns the installation's rules.
func (c *Communities) Rules() Rules { return c.rules }

// OnCreate adds f to the transaction that creates a community. It must be
// called before the first request.
func (c *Communities) OnCreate(f func(ctx context.Context, tx *sqldb.Tx, created Community) error) {
	c.onCreate = append(c.onCreate, f)
}

// OnChange adds f to every transaction that changes the name or the settings
// of a community; an error of f rejects the change. It must be called before
// the first request.
func (c *Communities) OnChange(f func(ctx context.Context, tx *sqldb.Tx, old, changed Community) error) {
	c.onChange = append(c.onChange, f)
}

// Create creates a community with defaults for empty settings. It returns
// Invalid "invalid_input" with every invalid field.
func (c *Communities) Create(ctx context.Context, in Input) (Community, error) {
	in, err := in.normalise()
	if err != nil {
		return Community{}, err
	}
	now := c.clock.Now()
	created := Community{
		ID: id.New(now), Name: in.Name, Settings: in.Settings,
		CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli(),
	}
	err = c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := Insert(ctx, tx, created); err != nil {
			return err
		}
		for _, f := range c.onCreate {
			if err := f(ctx, tx, created); err != nil {
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
	return Load(ctx, c.db, communityID)
}

// List returns the communities of the installation that are not deleted,
// oldest first.
func (c *Communities) List(ctx context.Context) ([]Community, error) {
	return list(ctx, c.db)
}

// Update changes the non-nil fields of change. It returns NotFound
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

// UpdateIn is Update in the transaction of the caller.
func (c *Communities) UpdateIn(ctx context.Context, tx *sqldb.Tx, communityID string, change Change) (Community, error) {
	old, err := lock(ctx, tx, communityID)
	if err != nil {
		return Community{}, err
	}
	in, err := change.apply(old).normalise()
	if err != nil {
		return Community{}, err
	}
	changed := old
	changed.Name, changed.Settings, changed.UpdatedAt = in.Name, in.Settings, c.clock.MS()
	for _, f := range c.onChange {
		if err := f(ctx, tx, old, changed); err != nil {
			return Community{}, err
		}
	}
	return changed, update(ctx, tx, changed)
}

// Eraser deletes a batch of the data of a community that a feature owns, in
// the transaction of the caller. It is called until done.
type Eraser func(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error)

// OnErase adds f to the erasure of a community, for data that is not found by
// community_id. Erasers run in reverse order. It must be called before the
// first request.
func (c *Communities) OnErase(f Eraser) { c.erasers = append(c.erasers, f) }

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
func (c *Communities) ErasureCutoff() int64 { return c.clock.Now().Add(-c.rules.Retention).UnixMilli() }

// ErasedAt is the time in Unix milliseconds when a deleted community will be
// erased.
func (c *Communities) ErasedAt(deleted Community) int64 {
	return time.UnixMilli(deleted.DeletedAt).Add(c.rules.Retention).UnixMilli()
}

// Sweep erases communities that can no longer be restored, in batches. It may
// run on several nodes at once.
func (c *Communities) Sweep(ctx context.Context) error {
	if err := markForErasure(ctx, c.db, c.ErasureCutoff()); err != nil {
		return err
	}
	ids, err := markedForErasure(ctx, c.db)
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
	for i := len(c.erasers) - 1; i >= 0; i-- {
		for done := false; !done; {
			err := c.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				done, err = c.erasers[i](ctx, tx, communityID)
				return err
			}, sqldb.WithoutGroupCommit)
			if err != nil {
				return err
			}
		}
	}
	if err := c.db.DeleteByColumn(ctx, "community_id", communityID); err != nil {
		return err
	}
	return deleteMarked(ctx, c.db, communityID)
}
