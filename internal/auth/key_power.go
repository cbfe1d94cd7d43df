package auth

import (
	"context"
	"slices"
	"time"

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

func (k Key) signsIn() bool { return k.Active && slices.Contains(k.Permissions, SignIn) }

// widens reports whether changed does more than old, for longer, or again.
func widens(old, changed Key) bool {
	longer := old.ExpiresAt != 0 && (changed.ExpiresAt == 0 || changed.ExpiresAt > old.ExpiresAt)
	again := changed.Active && !old.Active
	return longer || again || slices.ContainsFunc(changed.Permissions, func(p Permission) bool { return !grants(old.Permissions, p) })
}

// allowed returns changed as it is to be stored, with its creator, or why the
// actor may not make old into it. A key changes none with more permissions.
func (a *Auth) allowed(ctx context.Context, tx *sqldb.Tx, actor Actor, old, changed Key, takeOver bool) (Key, error) {
	var err error
	switch {
	case takeOver:
		changed.CreatedBy = actor.maker()
		err = a.mayGrantIn(ctx, tx, actor, changed)
	case widens(old, changed):
		changed, err = a.mayWiden(ctx, tx, actor, changed)
	}
	if err == nil {
		err = withinKey(actor, old)
	}
	return changed, err
}

// mayWiden returns the key as it is to be stored when the actor may widen it or
// get a secret of it: with every permission of the key, as its creator, as an
// owner of the community or of the installation, or with a rank above the
// creator's. Else it fails with Forbidden "rank_too_low", "missing_permission"
// or "outlives_maker". A creator that left has no rank. The actor becomes
// the creator, unless an owner: the key is bound by the person that last gave it
// power or holds its secret, and loses its rights with theirs.
func (a *Auth) mayWiden(ctx context.Context, tx *sqldb.Tx, actor Actor, key Key) (Key, error) {
	if err := a.mayGrantIn(ctx, tx, actor, key); err != nil {
		return Key{}, err
	}
	power, err := PowerOf(ctx, tx, a.standings, actor, key.CommunityID)
	if err != nil || power.all {
		return key, err
	}
	maker, err := makerOf(ctx, tx, key.CommunityID, key.CreatedBy)
	var has rights
	if err == nil {
		if power.person != "" && power.person == maker.AccountID {
			return key, nil
		}
		has, err = rightsOfMaker(ctx, tx, a.standings, maker, key.CommunityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		key.CreatedBy = actor.maker()
		return key, nil
	case err != nil:
		return Key{}, err
	case has.everything || rankOf(power.has.roles) <= rankOf(has.roles):
		return Key{}, errs.New(errs.Forbidden, "rank_too_low", "The creator of this API key is not ranked below you. Take the key over with takeOver, or ask its creator or an owner.")
	}
	key.CreatedBy = actor.maker()
	return key, nil
}

// RotateKey gives a key a new secret and returns it; it is not kept. The
// previous secret works for overlap, an older one ends at once. The actor needs
// APIKeys and what mayWiden says. It fails as UpdateKey does.
func (a *Auth) RotateKey(ctx context.Context, actor Actor, communityID, keyID string, overlap time.Duration) (key Key, secret string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, "", errs.InvalidFields([]errs.Field{{Field: "overlapHours", Code: "invalid", Message: "The old key works for 0 to 168 more hours."}})
	}
	if err := a.Can(ctx, actor, communityID, APIKeys); err != nil {
		return Key{}, "", err
	}
	now := a.clock.Now()
	secret = newSecret()
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if key, err = a.mayWiden(ctx, tx, actor, old); err != nil {
			return err
		}
		key.Hint, key.UpdatedAt, key.OldUntil = secret[len(secret)-hintSize:], now.UnixMilli(), 0
		if overlap > 0 {
			key.OldUntil = now.Add(overlap).UnixMilli()
		}
		if err := rotateKey(ctx, tx, key, hashSecret(secret)); err != nil {
			return err
		}
		changes := keyChanges(old, key)
		if key.OldUntil > 0 {
			changes = append(changes, audit.Change{Field: "oldUntil", New: key.OldUntil})
		}
		return Note(WithActor(ctx, actor), tx, key.UpdatedAt, communityID, "api_key.rotate", key.target(), changes...)
	})
	if err != nil {
		return Key{}, "", err
	}
	key.Idle, err = a.idle(ctx, communityID, key.CreatedBy)
	return key, secret, err
}
