package access

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Key is an API key of a community or of a person, without its secret.
type Key struct {
	CommunityID string // "" for a person's key
	AccountID   string // of a person's key, "" for a community's
	ID          string
	Name        string
	Hint        string // the last 4 digits of the secret
	Permissions []actor.Permission
	Channels    []string // of a person's key: the only channels it may act in; empty: all
	Active      bool     // false: it is refused for the time being
	CreatedBy   string   // Actor.Ref of the creator of a community's key, whose power it has
	Idle        string   // of a community's key that does nothing: the code of the error it gets
	CreatedAt   int64    // Unix milliseconds
	UpdatedAt   int64    // Unix milliseconds, 0: never changed
	ExpiresAt   int64    // Unix milliseconds, 0: never
	UsedAt      int64    // Unix milliseconds to about a minute, 0: never
	BoundBy     []string // Actor.Ref of the persons beside the creator whose rights the secret stays within
	OldBoundBy  []string // BoundBy of the secret before the last rotation
	OldUntil    int64    // Unix milliseconds until which the secret before the last rotation works; 0: it does not
}

const hintSize = 4

// How many keys there are at most, expired ones too: all of them are listed at
// once, and a program gone wild must not fill the database with them.
const (
	maxKeys     = 200 // of a community
	maxUserKeys = 50  // of a person
)

// keyRoom returns Conflict "too_many_api_keys" when there are most keys
// already. Until the transaction ends nobody else makes a key of the holder.
func keyRoom(ctx context.Context, tx *sqldb.Tx, holder string, most int, count func(context.Context, sqldb.Querier, string) (int, error)) error {
	if err := tx.LockExclusive(ctx, "api_keys "+holder); err != nil {
		return err
	}
	n, err := count(ctx, tx, holder)
	if err == nil && n >= most {
		err = errs.New(errs.Conflict, "too_many_api_keys", "There are %d API keys already, and there can be no more. Delete one that nobody needs.", most)
	}
	return err
}

// CreateKey makes a key and returns its secret, which is not kept: 64 hex
// digits. The actor needs APIKeys; nobody makes a key that may more or lives
// longer than they do. It fails as Can does, with Invalid "invalid_input", or with
// Conflict "too_many_api_keys".
func (a *Access) CreateKey(ctx context.Context, caller actor.Actor, communityID string, in KeyInput) (key Key, secret string, err error) {
	if err := a.Can(ctx, caller, communityID, APIKeys); err != nil {
		return Key{}, "", err
	}
	in.Channels = nil
	key, secret, err = a.newKey(in)
	if err != nil {
		return Key{}, "", err
	}
	key.CommunityID, key.CreatedBy, key.BoundBy = communityID, caller.Principal(), caller.BoundBy
	if err := a.mayGrant(ctx, caller, key); err != nil {
		return Key{}, "", err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := keyRoom(ctx, tx, communityID, maxKeys, countKeys); err != nil {
			return err
		}
		if err := insertKey(ctx, tx, key, account.HashToken(secret)); err != nil {
			return err
		}
		return audit.Record(actor.NewContext(ctx, caller), tx, key.CreatedAt, communityID, "api_key.create", key.target(),
			audit.Change{Field: "permissions", New: key.Permissions}, audit.Change{Field: "expiresAt", New: key.ExpiresAt})
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// newKey returns the key that in asks for, with a new secret.
func (a *Access) newKey(in KeyInput) (Key, string, error) {
	now, secret := a.clock.Now(), account.NewToken()
	in, expiresAt, err := in.normal(now)
	return Key{
		ID: id.New(now), Name: in.Name, Hint: secret[len(secret)-hintSize:], Permissions: in.Permissions, Channels: in.Channels,
		Active: !in.Inactive, CreatedAt: now.UnixMilli(), ExpiresAt: expiresAt,
	}, secret, err
}

func (k Key) target() audit.Target { return audit.Target{Type: "api_key", ID: k.ID, Name: k.Name} }

// Keys returns the keys of a community, the newest first, expired ones too.
func (a *Access) Keys(ctx context.Context, communityID string) ([]Key, error) {
	keys, err := listKeys(ctx, a.db, communityID)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		keys[i] = keys[i].at(a.clock.MS())
	}
	return keys, a.noteIdle(ctx, communityID, keys)
}

// Key returns a key of a community, or NotFound "api_key_not_found".
func (a *Access) Key(ctx context.Context, communityID, keyID string) (Key, error) {
	key, err := loadKey(ctx, a.db, communityID, keyID, "")
	if err == nil {
		key = key.at(a.clock.MS())
		key.Idle, err = a.idle(ctx, communityID, key)
	}
	return key, err
}

// UpdateKey applies change to a key. The actor needs APIKeys; for a change that
// widens the key also what mayWiden says. With TakeOver the actor becomes the
// creator, which takes every permission of the key and no rank. It fails as
// CreateKey does, with NotFound "api_key_not_found" or Forbidden
// "rank_too_low".
func (a *Access) UpdateKey(ctx context.Context, caller actor.Actor, communityID, keyID string, change KeyChange) (Key, error) {
	if err := a.Can(ctx, caller, communityID, APIKeys); err != nil {
		return Key{}, err
	}
	change.Channels = nil
	now := a.clock.Now()
	var key Key
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if key, err = change.of(old, now); err != nil {
			return err
		}
		if key, err = a.allowed(ctx, tx, caller, old, key, change.TakeOver); err != nil {
			return err
		}
		if err := updateKey(ctx, tx, key); err != nil {
			return err
		}
		if old.signsIn() && !key.signsIn() {
			if err := account.EndSessionsOfKeys(ctx, tx, []string{key.ID}); err != nil {
				return err
			}
		}
		return audit.Record(actor.NewContext(ctx, caller), tx, key.UpdatedAt, communityID, "api_key.update", key.target(), keyChanges(old, key)...)
	})
	if err != nil {
		return Key{}, err
	}
	key = key.at(now.UnixMilli())
	key.Idle, err = a.idle(ctx, communityID, key)
	return key, err
}

// DeleteKey deletes a key, whose secrets stop working at once, and ends its
// sign-in links and the sessions that began with them. The caller checks that
// the actor of ctx has APIKeys. It fails with NotFound "api_key_not_found", or
// Forbidden "missing_permission" or "outlives_maker" for a key that may less.
func (a *Access) DeleteKey(ctx context.Context, communityID, keyID string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		key, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if err := withinKey(actor.FromContext(ctx), key); err != nil {
			return err
		}
		if err := account.EndSessionsOfKeys(ctx, tx, []string{keyID}); err != nil {
			return err
		}
		if err := deleteKey(ctx, tx, communityID, keyID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, a.clock.MS(), communityID, "api_key.delete", key.target())
	})
}

// mayGrant returns nil when the actor may make a key like this: nobody gives
// what they lack, nor for longer than they have it. Else it fails as Can does.
func (a *Access) mayGrant(ctx context.Context, actor actor.Actor, key Key) error {
	return a.mayGrantIn(ctx, a.db, actor, key)
}

func (a *Access) mayGrantIn(ctx context.Context, q sqldb.Querier, caller actor.Actor, key Key) error {
	if err := withinKey(caller, key); err != nil {
		return err
	}
	if caller.Kind != actor.Session && caller.Kind != actor.UserKey || key.CommunityID == "" {
		return nil
	}
	has, err := a.rightsOf(ctx, q, caller, key.CommunityID)
	if err != nil {
		return err
	}
	for _, p := range key.Permissions {
		if !has.allow(p) {
			return errs.New(errs.Forbidden, "missing_permission", "You cannot give the permission %q: your roles lack it.", p)
		}
	}
	return nil
}

// withinKey keeps a key from making one that may more than itself.
func withinKey(caller actor.Actor, key Key) error {
	if caller.Kind != actor.CommunityKey && caller.Kind != actor.UserKey {
		return nil
	}
	for _, p := range key.Permissions {
		if !actor.Grants(caller.Permissions, p) {
			return errs.New(errs.Forbidden, "missing_permission", "An API key cannot give the permission %q, which it lacks itself.", p)
		}
	}
	if caller.ExpiresAt != 0 && (key.ExpiresAt == 0 || key.ExpiresAt > caller.ExpiresAt) {
		return errs.New(errs.Forbidden, "outlives_maker", "An API key cannot make one that works longer than itself. Give expireDate.")
	}
	if len(caller.Channels) == 0 {
		return nil
	}
	for _, channel := range key.Channels {
		if !caller.InChannel(channel) {
			return errs.New(errs.Forbidden, "missing_permission", "An API key cannot make one for channels that it is not for itself.")
		}
	}
	if len(key.Channels) == 0 {
		return errs.New(errs.Forbidden, "missing_permission", "An API key for some channels cannot make one for all of them.")
	}
	return nil
}
