package access

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// MaxOverlap bounds how long the previous secret of a rotated key works.
const MaxOverlap = 168 * time.Hour

// at returns the key without a previous secret that has ended; now is in Unix
// milliseconds.
func (k Key) at(now int64) Key {
	if k.OldUntil <= now {
		k.OldUntil = 0
	}
	return k
}

func (k Key) signsIn() bool { return k.Active && slices.Contains(k.Permissions, actor.PermSignIn) }

// widens reports whether changed does more than old, for longer, or again.
func widens(old, changed Key) bool {
	longer := old.ExpiresAt != 0 && (changed.ExpiresAt == 0 || changed.ExpiresAt > old.ExpiresAt)
	again := changed.Active && !old.Active
	return longer || again || slices.ContainsFunc(changed.Permissions, func(p actor.Permission) bool { return !actor.Grants(old.Permissions, p) })
}

// allowed returns changed as it is to be stored, or why the actor may not make
// old into it. A key changes none with more permissions.
func (a *Access) allowed(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, old, changed Key, takeOver bool) (Key, error) {
	var err error
	switch {
	case takeOver:
		changed.CreatedBy, changed.BoundBy, changed.OldBoundBy = actor.Principal(), actor.BoundBy, actor.BoundBy
		err = a.mayGrantIn(ctx, tx, actor, changed)
	case widens(old, changed):
		_, err = a.mayWiden(ctx, tx, actor, changed)
	}
	if err == nil {
		err = withinKey(actor, old)
	}
	return changed, err
}

// mayWiden returns nil when the actor may widen a key or get a secret of it:
// with every permission of the key, as its creator, as an owner of the community
// or of the installation, or with a rank above the creator's. Else it fails with
// Forbidden "rank_too_low", "missing_permission" or "outlives_maker". A creator
// that left has no rank; left reports that.
//
// Widening keeps the creator: the people that have the secret get no more than
// the creator may do.
func (a *Access) mayWiden(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, key Key) (left bool, err error) {
	if err := a.mayGrantIn(ctx, tx, actor, key); err != nil {
		return false, err
	}
	power, err := PowerOf(ctx, tx, a.memberships, actor, key.CommunityID)
	if err != nil {
		return false, err
	}
	maker, err := makerOf(ctx, tx, key.CommunityID, key.CreatedBy)
	var has rights
	if err == nil {
		has, err = rightsOfMaker(ctx, tx, a.memberships, maker, key.CommunityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return true, nil
	case err != nil:
		return false, err
	case power.all || power.person != "" && power.person == maker.AccountID:
		return false, nil
	case has.everything || rankOf(power.has.roles) <= rankOf(has.roles):
		return false, errs.New(errs.Forbidden, "rank_too_low", "The creator of this API key is not ranked below you. Take the key over with takeOver, or ask its creator or an owner.")
	}
	return false, nil
}

// rotated returns a key with the persons that its secrets are bound by after a
// rotation by the actor. The creator stays and bounds both secrets, so the
// people that have the old one get no more than before. The new one is bound by
// the actor too, an owner as well: it loses what the actor loses. The actor
// becomes the creator of a key whose creator left; the old secret stays bound by
// that creator, and is refused.
func (k Key) rotated(caller actor.Actor, left bool) Key {
	k.OldBoundBy = k.BoundBy
	if left {
		k.OldBoundBy = slices.Concat(k.BoundBy, []string{k.CreatedBy})
		k.CreatedBy = caller.Principal()
	}
	k.BoundBy = slices.DeleteFunc(append([]string{caller.Principal()}, caller.BoundBy...), func(ref string) bool {
		return ref == k.CreatedBy || ref == (actor.Actor{Kind: actor.Command}).Ref()
	})
	return k
}

// RotateKey gives a key a new secret and returns it; it is not kept. The
// previous secret works for overlap, an older one ends at once. The actor needs
// APIKeys and what mayWiden says; rotated says what the secrets are bound by. It
// fails as UpdateKey does.
func (a *Access) RotateKey(ctx context.Context, caller actor.Actor, communityID, keyID string, overlap time.Duration) (key Key, secret string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, "", errs.InvalidFields([]errs.Field{{Field: "overlapHours", Code: "invalid", Message: "The old key works for 0 to 168 more hours."}})
	}
	if err := a.Can(ctx, caller, communityID, APIKeys); err != nil {
		return Key{}, "", err
	}
	now := a.clock.Now()
	secret = account.NewToken()
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		left, err := a.mayWiden(ctx, tx, caller, old)
		if err != nil {
			return err
		}
		key = old.rotated(caller, left)
		key.Hint, key.UpdatedAt, key.OldUntil = secret[len(secret)-hintSize:], now.UnixMilli(), 0
		if overlap > 0 {
			key.OldUntil = now.Add(overlap).UnixMilli()
		}
		if err := rotateKey(ctx, tx, key, account.HashToken(secret)); err != nil {
			return err
		}
		changes := keyChanges(old, key)
		if key.OldUntil > 0 {
			changes = append(changes, audit.Change{Field: "oldUntil", New: key.OldUntil})
		}
		return audit.Record(actor.NewContext(ctx, caller), tx, key.UpdatedAt, communityID, "api_key.rotate", key.target(), changes...)
	})
	if err != nil {
		return Key{}, "", err
	}
	key.Idle, err = a.idle(ctx, communityID, key)
	return key, secret, err
}
