package ownership

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
)

// AddFounder makes the person that creates a community its owner, or fails with
// Conflict "too_many_communities". It is a community.CreateHook. Programs
// create communities without an owner.
func AddFounder(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, made community.Community) error {
	if caller.Kind != actor.Session && caller.Kind != actor.UserKey {
		return nil
	}
	if err := mayOwnMore(ctx, tx, caller); err != nil {
		return err
	}
	_, _, err := insertOwner(ctx, tx, caller, made.ID, caller.AccountID, made.CreatedAt)
	return err
}

// maxOwned is the largest number of communities of one account, unless it owns
// the installation. Deleted ones count until they are erased, since they can be
// restored.
const maxOwned = 100

// mayOwnMore checks maxOwned and locks the account until the transaction ends,
// so that concurrent calls do not exceed it.
func mayOwnMore(ctx context.Context, tx *sqldb.Tx, actor actor.Actor) error {
	if actor.InstallationOwner {
		return nil
	}
	if err := tx.LockExclusive(ctx, "owned by "+actor.AccountID); err != nil {
		return err
	}
	owned, err := countOwned(ctx, tx, actor.AccountID)
	if err == nil && owned >= maxOwned {
		err = errs.New(errs.Conflict, "too_many_communities", "A person owns at most %d communities; deleted ones count until they are erased.", maxOwned)
	}
	return err
}

// AddOwner makes an account an owner of the community, and a member if needed.
// It is idempotent. It fails as actor.RequireInstallationOwner does.
func (s *Ownership) AddOwner(ctx context.Context, by actor.Actor, communityID, accountID string) error {
	if err := by.RequireInstallationOwner(); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.clock.MS()
		known, err := member.Memberships{}.ByAccount(ctx, tx, communityID, accountID)
		if err != nil || known.Owner {
			return err
		}
		if known.MemberID == "" {
			known.MemberID, known.Username, err = insertOwner(ctx, tx, by, communityID, accountID, now)
		} else {
			err = member.SetOwner(ctx, tx, communityID, known.MemberID, true, now)
		}
		if err != nil {
			return err
		}
		target := audit.Target{Type: "user", ID: known.MemberID, Name: known.Username}
		return audit.Record(ctx, tx, by, now, communityID, "user.add_owner", target, audit.Change{Field: "owner", Old: false, New: true})
	})
}

// insertOwner adds an account as a member that owns the community. It accepts
// an unclaimed membership of the confirmed address.
func insertOwner(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID, accountID string, now int64) (memberID, username string, err error) {
	account, err := account.LoadAccount(ctx, tx, accountID)
	if err != nil {
		return "", "", err
	}
	added, err := member.UnclaimedFor(ctx, tx, communityID, account)
	if err != nil {
		return "", "", err
	}
	if added != nil {
		if err := moderation.Join(ctx, tx, by, communityID, accountID, moderation.JoinInput{}, now); err != nil {
			return "", "", err
		}
		return added.ID, account.Username, member.SetOwner(ctx, tx, communityID, added.ID, true, now)
	}
	owner := member.RecordOf(account)
	owner.State, owner.Owner, owner.JoinedAt, owner.UpdatedAt = member.Active, true, now, now
	if err := member.YieldUsername(ctx, tx, by, communityID, owner.UsernameKey, "", now); err != nil {
		return "", "", err
	}
	if err := member.Insert(ctx, tx, communityID, []*member.Record{owner}); err != nil {
		return "", "", err
	}
	return owner.ID, owner.Username, member.AppendJoined(ctx, tx, by, now, communityID, owner, "")
}
