// Package chat manages the channels of communities, their categories, and the
// permission overrides of channels for roles and members.
package chat

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of a Chat.
type Deps struct {
	DB      *sqldb.DB
	Access  *access.Access
	Members *roster.Roster
	Clock   clock.Clock
	Deleted []Hook // part of deleting a channel
}

// Hook is what a higher layer does with a channel, in the transaction of its change.
type Hook func(ctx context.Context, tx *sqldb.Tx, communityID string, about Channel) error

// Chat creates, lists, updates and deletes channels and categories. It is safe
// for concurrent use.
type Chat struct {
	db      *sqldb.DB
	access  *access.Access
	members *roster.Roster
	clock   clock.Clock
	deleted []Hook
}

// New returns a Chat.
func New(d Deps) *Chat {
	return &Chat{db: d.DB, access: d.Access, members: d.Members, clock: d.Clock, deleted: d.Deleted}
}

// change checks that the actor may manage channels and runs f in a transaction.
// A lock serializes changes of the community's channels, categories and
// overrides.
func (c *Chat) change(ctx context.Context, caller actor.Actor, communityID string, f func(*sqldb.Tx) error) error {
	if err := c.access.Can(ctx, caller, communityID, permission.ManageChannels); err != nil {
		return err
	}
	return c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, "channels "+communityID); err != nil {
			return err
		}
		return f(tx)
	})
}

// Manages reports whether the actor may manage the community's channels, and
// therefore see their overrides.
func (c *Chat) Manages(ctx context.Context, actor actor.Actor, communityID string) (bool, error) {
	err := c.access.Can(ctx, actor, communityID, permission.ManageChannels)
	if errs.KindOf(err) == errs.Forbidden {
		return false, nil
	}
	return err == nil, err
}
