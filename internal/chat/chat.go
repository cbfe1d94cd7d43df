// Package chat keeps the channels of each community, the categories that group
// them, and what a channel allows or denies to single roles and members.
package chat

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps is what a Chat stands on.
type Deps struct {
	DB      *sqldb.DB
	Access  *access.Access
	Members *member.Members
	Clock   clock.Clock
}

// Chat makes, lists and changes channels. It may be used by many goroutines.
type Chat struct {
	db      *sqldb.DB
	auth    *access.Access
	members *member.Members
	clock   clock.Clock
}

// New returns the Chat of a database.
func New(d Deps) *Chat { return &Chat{db: d.DB, auth: d.Access, members: d.Members, clock: d.Clock} }

// change runs f in a transaction that no other change of the community's
// channels, categories and overrides runs beside, if the actor may manage
// channels.
func (c *Chat) change(ctx context.Context, caller actor.Actor, communityID string, f func(context.Context, *sqldb.Tx) error) error {
	if err := c.auth.Can(ctx, caller, communityID, access.PermManageChannels); err != nil {
		return err
	}
	ctx = actor.NewContext(ctx, caller) // for the audit log
	return c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, "channels "+communityID); err != nil {
			return err
		}
		return f(ctx, tx)
	})
}

// Manages reports whether the actor may change the community's channels, and
// so may know what they allow and deny.
func (c *Chat) Manages(ctx context.Context, actor actor.Actor, communityID string) (bool, error) {
	err := c.auth.Can(ctx, actor, communityID, access.PermManageChannels)
	if errs.KindOf(err) == errs.Forbidden {
		return false, nil
	}
	return err == nil, err
}
