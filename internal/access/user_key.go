package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// CreateUserKey creates a key that acts for the calling person in all of their
// communities, within their current permissions, and returns its secret, 64 hex
// digits, which is not stored. A session needs a proof, and its person is
// notified by mail.
//
// It fails with Invalid "invalid_input", Conflict "too_many_api_keys", Forbidden
// "missing_permission" or "outlives_maker" for a key that exceeds a calling key,
// and for a session as ReauthenticateOwner does or with Forbidden "email_not_verified".
func (a *Access) CreateUserKey(ctx context.Context, caller actor.Actor, p account.Proof, in KeyInput) (key Key, secret string, err error) {
	key, secret, err = a.newKey(in)
	if err != nil {
		return Key{}, "", err
	}
	key.AccountID = caller.AccountID
	if err := a.requireUserKeyGrantable(ctx, caller, key); err != nil {
		return Key{}, "", err
	}
	if caller.Kind == actor.Session {
		if err := a.accounts.Proofs.ReauthenticateOwner(ctx, caller, p); err != nil {
			return Key{}, "", err
		}
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := requireKeyCapacity(ctx, tx, caller.AccountID, maxUserKeys, countUserKeys); err != nil {
			return err
		}
		if err := insertUserKey(ctx, tx, key, account.HashToken(secret)); err != nil {
			return err
		}
		return a.accounts.NotifyMethodAdded(ctx, tx, caller.AccountID, mail.MethodAPIKey, key.Name)
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// UserKeys returns the keys of the calling person, the newest first, expired ones
// too. It fails as CanAsPerson does for PermAPIKeys.
func (a *Access) UserKeys(ctx context.Context, caller actor.Actor) ([]Key, error) {
	if err := a.CanAsPerson(caller, []actor.Permission{permission.APIKeys}); err != nil {
		return nil, err
	}
	return listUserKeys(ctx, a.db, caller.AccountID)
}

// UserKey returns a key of the calling person. It fails as UserKeys does, or with
// NotFound "api_key_not_found".
func (a *Access) UserKey(ctx context.Context, caller actor.Actor, keyID string) (Key, error) {
	if err := a.CanAsPerson(caller, []actor.Permission{permission.APIKeys}); err != nil {
		return Key{}, err
	}
	return loadUserKey(ctx, a.db, caller.AccountID, keyID, "")
}

// UpdateUserKey applies change to a key of the calling person. It fails as
// CreateUserKey does, or with NotFound "api_key_not_found".
func (a *Access) UpdateUserKey(ctx context.Context, caller actor.Actor, keyID string, change KeyChange) (Key, error) {
	now := a.clock.Now()
	var key Key
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadUserKey(ctx, tx, caller.AccountID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if key, err = change.apply(old, now); err != nil {
			return err
		}
		for _, state := range []Key{key, old} {
			if err := a.requireUserKeyGrantable(ctx, caller, state); err != nil {
				return err
			}
		}
		return updateUserKey(ctx, tx, key)
	})
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

// DeleteUserKey deletes a key of the calling person. It fails as UserKey does, or
// as CreateUserKey does if the actor is a key with fewer permissions.
func (a *Access) DeleteUserKey(ctx context.Context, caller actor.Actor, keyID string) error {
	if err := a.CanAsPerson(caller, []actor.Permission{permission.APIKeys}); err != nil {
		return err
	}
	key, err := loadUserKey(ctx, a.db, caller.AccountID, keyID, "")
	if err != nil {
		return err
	}
	if err := requireWithinKey(caller, key); err != nil {
		return err
	}
	deleted, err := deleteUserKey(ctx, a.db, caller.AccountID, keyID)
	if err == nil && !deleted {
		return keyNotFound()
	}
	return err
}

func keyNotFound() error {
	return errs.Missing("api_key")
}

// requireUserKeyGrantable returns nil for a session, and for a person's key that
// has every permission of key and lives at least as long.
func (a *Access) requireUserKeyGrantable(ctx context.Context, caller actor.Actor, key Key) error {
	if err := a.CanAsPerson(caller, []actor.Permission{permission.APIKeys}); err != nil {
		return err
	}
	if slices.Contains(key.Permissions, actor.PermSignIn) {
		return errs.InvalidFields([]errs.Field{{Field: "permissions", Code: "invalid", Message: "Only a community's API key can have the permission signIn."}})
	}
	return a.requireGrantable(ctx, caller, key)
}
