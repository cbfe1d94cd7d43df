// Package block stores which members block which others in a community. What a
// block hides is decided by the packages of messages.
package block

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Max is the maximum number of members that a member blocks.
const Max = 1000

// Block is a member that another one blocks.
type Block struct {
	Blocked   member.Member
	CreatedAt int64 // Unix milliseconds
}

// Blocks are the blocks of all communities. It is safe for concurrent use.
type Blocks struct{ d Deps }

// Deps are the dependencies of Blocks.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
}

// New returns the Blocks of a database.
func New(d Deps) *Blocks { return &Blocks{d} }

// List returns the members that the actor blocks, the last one first; deleted ones
// are left out. It fails with Forbidden "person_required" for a key of a community,
// or as access.Can does for GetMessages.
func (b *Blocks) List(ctx context.Context, caller actor.Actor, communityID string) ([]Block, error) {
	self, err := b.self(ctx, caller, communityID)
	if err != nil {
		return nil, err
	}
	rows, err := selectBlocks(ctx, b.d.DB, communityID, self.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, one := range rows {
		ids[i] = one.blockedID
	}
	members, err := member.LoadMany(ctx, b.d.DB, communityID, ids)
	if err != nil {
		return nil, err
	}
	var list []Block
	for _, one := range rows {
		if who, ok := members[one.blockedID]; ok && who.State != member.Deleted {
			list = append(list, Block{who, one.createdAt})
		}
	}
	return list, nil
}

// Create blocks a member; user is a reference as in directory.Find. A repeated call
// changes nothing. It fails as List does, or with NotFound "user_not_found", Invalid
// "cannot_block_yourself" or Conflict "too_many_blocks".
func (b *Blocks) Create(ctx context.Context, caller actor.Actor, communityID, user string) (Block, error) {
	self, other, err := b.pair(ctx, caller, communityID, user)
	if err != nil {
		return Block{}, err
	}
	if other.ID == self.ID {
		return Block{}, errs.New(errs.Invalid, "cannot_block_yourself", "You cannot block yourself.")
	}
	created := Block{other, b.d.Clock.MS()}
	err = b.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: []string{self.ID}}, true) // orders the blocks of the member
		if err != nil {
			return err
		}
		if len(locked) == 0 {
			return member.ErrUserNotFound()
		}
		rows, err := selectBlocks(ctx, tx, communityID, self.ID)
		if err != nil {
			return err
		}
		for _, one := range rows {
			if one.blockedID == other.ID {
				created.CreatedAt = one.createdAt
				return nil
			}
		}
		if len(rows) >= Max {
			return errs.New(errs.Conflict, "too_many_blocks", "You block %d members already, which is the limit. Remove a block first.", Max)
		}
		return insertBlock(ctx, tx, communityID, self.ID, blockRow{other.ID, created.CreatedAt})
	})
	if err != nil {
		return Block{}, err
	}
	return created, nil
}

// Delete removes the block of a member. A repeated call changes nothing. It fails as
// List does, or with NotFound "user_not_found".
func (b *Blocks) Delete(ctx context.Context, caller actor.Actor, communityID, user string) (member.Member, error) {
	self, other, err := b.pair(ctx, caller, communityID, user)
	if err != nil {
		return member.Member{}, err
	}
	return other, deleteBlock(ctx, b.d.DB, communityID, self.ID, other.ID)
}

// self returns the member that the actor is, after checking the actor.
func (b *Blocks) self(ctx context.Context, caller actor.Actor, communityID string) (member.Member, error) {
	if err := b.d.Access.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}); err != nil {
		return member.Member{}, err
	}
	if err := b.d.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return member.Member{}, err
	}
	return directory.Self(ctx, b.d.DB, caller, communityID)
}

// pair returns the actor's member and the named one, which may have left.
func (b *Blocks) pair(ctx context.Context, caller actor.Actor, communityID, user string) (self, other member.Member, err error) {
	if self, err = b.self(ctx, caller, communityID); err != nil {
		return self, other, err
	}
	other, err = directory.Load(ctx, b.d.DB, communityID, user, member.Active, member.Pending, member.Left, member.Banned)
	return self, other, err
}

// Between reports whether one of two members blocks the other.
func Between(ctx context.Context, q sqldb.Querier, communityID, a, b string) (bool, error) {
	return BetweenAny(ctx, q, communityID, a, []string{b})
}

// BetweenAny reports whether a member blocks one of others, or is blocked by one.
func BetweenAny(ctx context.Context, q sqldb.Querier, communityID, memberID string, others []string) (bool, error) {
	count, err := countBetween(ctx, q, communityID, memberID, others)
	return count > 0, err
}

// BlockedBy returns the ids of the members that a member blocks.
func BlockedBy(ctx context.Context, q sqldb.Querier, communityID, memberID string) ([]string, error) {
	return selectBlocked(ctx, q, communityID, memberID)
}

// Blocking returns the ids of the members that block a member.
func Blocking(ctx context.Context, q sqldb.Querier, communityID, memberID string) ([]string, error) {
	return selectBlocking(ctx, q, communityID, memberID)
}
