package community

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Eraser takes away a piece of what a feature keeps of a community, in the
// caller's transaction. It is called again until it is done.
type Eraser func(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error)

// OnErase makes f a part of the erasure of a community: for what touches more
// than rows that name the community, which go by themselves. The last one that
// was added is called first. Call it while the program is put together, not
// later.
func (c *Communities) OnErase(f Eraser) { c.erase = append(c.erase, f) }

// Delete hides a community from everybody and everything, in the caller's
// transaction: it is not found any more, and its keys are not valid. confirm
// is its name, else it fails with Invalid "confirm_required". now is in Unix
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

// Restore brings a deleted community back exactly as it was, in the caller's
// transaction. It fails with NotFound "community_not_found", Conflict
// "not_deleted" or, when it was deleted before oldest (Unix milliseconds) and
// may be half erased, with Gone "community_erased".
func Restore(ctx context.Context, tx *sqldb.Tx, communityID string, oldest int64) (Community, error) {
	c, err := lockDeleted(ctx, tx, communityID)
	if err != nil {
		return Community{}, err
	}
	if c.DeletedAt == 0 {
		return Community{}, errs.New(errs.Conflict, "not_deleted", "This community is not deleted.")
	}
	if c.DeletedAt <= oldest {
		return Community{}, errs.New(errs.Gone, "community_erased", "The time in which this community could be restored is over.")
	}
	c.DeletedAt = 0
	return c, setDeleted(ctx, tx, c)
}

// Oldest is the moment, in Unix milliseconds, before which a community must
// have been deleted to be erased now.
func (c *Communities) Oldest() int64 { return c.clock.Now().Add(-c.rules.Retention).UnixMilli() }

// ErasedAt is when a deleted community is erased, in Unix milliseconds.
func (c *Communities) ErasedAt(deleted Community) int64 {
	return time.UnixMilli(deleted.DeletedAt).Add(c.rules.Retention).UnixMilli()
}

// Sweep erases the communities that can no longer be restored, piece by piece.
// Any number of nodes may call it at any time.
func (c *Communities) Sweep(ctx context.Context) error {
	if err := markForErasure(ctx, c.db, c.Oldest()); err != nil {
		return err
	}
	ids, err := marked(ctx, c.db)
	if err != nil {
		return err
	}
	for _, communityID := range ids {
		if err := c.eraseAll(ctx, communityID); err != nil {
			return err
		}
	}
	return nil
}

func (c *Communities) eraseAll(ctx context.Context, communityID string) error {
	for i := len(c.erase) - 1; i >= 0; i-- {
		for done := false; !done; {
			err := c.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				done, err = c.erase[i](ctx, tx, communityID)
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
