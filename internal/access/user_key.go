package access

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// CreateUserKey makes a key that acts for the person who asks, in every
// community they are in, and returns its secret, which is not kept: 64 hex
// digits. What it does is bounded by what the person may do at that time. It
// fails with Invalid "invalid_input", Conflict "too_many_api_keys", or
// Forbidden "missing_permission" or "outlives_maker" when a key makes one that may more than itself. A person who
// is signed in shows a proof, is written to, and fails as Proof says or with
// Forbidden "email_not_verified" too.
func (a *Access) CreateUserKey(ctx context.Context, caller actor.Actor, p account.Proof, in KeyInput) (key Key, secret string, err error) {
	key, secret, err = a.newKey(in)
	if err != nil {
		return Key{}, "", err
	}
	key.AccountID = caller.AccountID
	if err := a.mayMakeUserKey(ctx, caller, key); err != nil {
		return Key{}, "", err
	}
	if caller.Kind == actor.Session {
		if err := a.accounts.ProveOwner(ctx, caller, p); err != nil {
			return Key{}, "", err
		}
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := keyRoom(ctx, tx, caller.AccountID, maxUserKeys, countUserKeys); err != nil {
			return err
		}
		if err := insertUserKey(ctx, tx, key, account.HashToken(secret)); err != nil {
			return err
		}
		return a.accounts.MethodAdded(ctx, tx, caller.AccountID, mail.MethodAPIKey, key.Name)
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// UserKeys returns the keys of a person, the newest first, expired ones too.
func (a *Access) UserKeys(ctx context.Context, accountID string) ([]Key, error) {
	return listUserKeys(ctx, a.db, accountID)
}

// UserKey returns a key of a person, or NotFound "api_key_not_found".
func (a *Access) UserKey(ctx context.Context, accountID, keyID string) (Key, error) {
	return loadUserKey(ctx, a.db, accountID, keyID, "")
}

// UpdateUserKey changes what change names of a key of the person who asks. It
// fails as CreateUserKey does, or with NotFound "api_key_not_found".
func (a *Access) UpdateUserKey(ctx context.Context, actor actor.Actor, keyID string, change KeyChange) (Key, error) {
	now := a.clock.Now()
	var key Key
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadUserKey(ctx, tx, actor.AccountID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if key, err = change.of(old, now); err != nil {
			return err
		}
		for _, state := range []Key{key, old} {
			if err := a.mayMakeUserKey(ctx, actor, state); err != nil {
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

// DeleteUserKey deletes a key of a person, which stops working at once. It
// fails with NotFound "api_key_not_found", or as CreateUserKey does for a key,
// carried by ctx, that deletes one that may more than itself.
func (a *Access) DeleteUserKey(ctx context.Context, accountID, keyID string) error {
	key, err := loadUserKey(ctx, a.db, accountID, keyID, "")
	if err != nil {
		return err
	}
	if err := withinKey(actor.FromContext(ctx), key); err != nil {
		return err
	}
	deleted, err := deleteUserKey(ctx, a.db, accountID, keyID)
	if err == nil && !deleted {
		return keyNotFound()
	}
	return err
}

func keyNotFound() error {
	return errs.New(errs.NotFound, "api_key_not_found", "There is no such API key.")
}

// mayMakeUserKey returns nil for a person who makes a key, and for a key that
// makes one which may no more than itself.
func (a *Access) mayMakeUserKey(ctx context.Context, caller actor.Actor, key Key) error {
	if err := a.MayAsPerson(caller, []actor.Permission{APIKeys}); err != nil {
		return err
	}
	if slices.Contains(key.Permissions, actor.PermSignIn) {
		return errs.InvalidFields([]errs.Field{{Field: "permissions", Code: "invalid", Message: "Only a community's key signs people in."}})
	}
	return a.mayGrant(ctx, caller, key)
}
