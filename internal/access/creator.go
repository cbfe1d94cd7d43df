package access

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// The permissions of a community's key stay within the current permissions of
// its creator and of the persons that bound it after a rotation. Keys of the
// command line and of the owner of the installation have no such bound.

// creatorOf returns the person or command that created a key, by the key's
// CreatedBy. If a key created it, the creator of the first key of the chain
// counts.
func creatorOf(ctx context.Context, q sqldb.Querier, communityID, ref string) (actor.Actor, error) {
	for {
		keyID, created := strings.CutPrefix(ref, "key:")
		if !created {
			break
		}
		key, err := loadKey(ctx, q, communityID, keyID, "")
		if errs.KindOf(err) == errs.NotFound {
			key.CreatedBy, err = accountOfKey(ctx, q, keyID)
			key.CreatedBy = "account:" + key.CreatedBy
		}
		if err != nil {
			return actor.Actor{}, err
		}
		ref = key.CreatedBy
	}
	if strings.HasPrefix(ref, "member:") { // a member without an account creates no keys
		return actor.Actor{}, errs.Missing("account")
	}
	accountID, person := strings.CutPrefix(ref, "account:")
	if !person {
		return actor.Actor{Kind: actor.Command}, nil
	}
	account, err := account.LoadAccount(ctx, q, accountID)
	return actor.Actor{Kind: actor.Session, AccountID: accountID, InstallationOwner: account.InstallationOwner}, err
}

// creatorOfCaller is creatorOf for an authenticated key, without a read for a
// person.
func creatorOfCaller(ctx context.Context, q sqldb.Querier, caller actor.Actor) (actor.Actor, error) {
	if accountID, person := strings.CutPrefix(caller.CreatedBy, "account:"); person {
		return actor.Actor{Kind: actor.Session, AccountID: accountID, InstallationOwner: caller.CreatorIsOwner}, nil
	}
	return creatorOf(ctx, q, caller.CommunityID, caller.CreatedBy)
}

// creatorGrants returns the grants of a key's creator, or NotFound for a creator
// without access to the community. For a person it costs a read of the
// membership, and one of the roles for a non-owner.
func creatorGrants(ctx context.Context, q sqldb.Querier, memberships Memberships, creator actor.Actor, communityID string) (grants, error) {
	if creator.Kind == actor.Command || creator.InstallationOwner {
		return grants{all: true}, nil
	}
	return loadGrants(ctx, q, memberships, creator, communityID)
}

// bound is a person that bounds the permissions of a key.
type bound struct {
	actor.Actor
	grants grants
}

// loadBounds returns the creator of a key and the persons of Key.LimitedBy, or
// NotFound if one of them left.
func loadBounds(ctx context.Context, q sqldb.Querier, memberships Memberships, caller actor.Actor, communityID string) ([]bound, error) {
	creator, err := creatorOfCaller(ctx, q, caller)
	persons := []actor.Actor{creator}
	for _, ref := range caller.LimitedBy {
		if err == nil {
			creator, err = creatorOf(ctx, q, communityID, ref)
			persons = append(persons, creator)
		}
	}
	var bounds []bound
	for _, person := range persons {
		if err == nil {
			var granted grants
			granted, err = creatorGrants(ctx, q, memberships, person, communityID)
			bounds = append(bounds, bound{person, granted})
		}
	}
	return bounds, err
}

// sortByRank sorts by ascending rank; the creator comes first among equals.
func sortByRank(bounds []bound) {
	slices.SortStableFunc(bounds, func(x, y bound) int {
		switch {
		case x.grants.all && y.grants.all:
			return 0
		case x.grants.all:
			return 1
		case y.grants.all:
			return -1
		}
		return cmp.Compare(highestRank(x.grants.roles), highestRank(y.grants.roles))
	})
}

// disabledReason returns the code of the error that every request with the
// current secret of a key gets, or "".
func (a *Access) disabledReason(ctx context.Context, communityID string, key Key) (string, error) {
	caller := actor.Actor{Kind: actor.CommunityKey, CommunityID: communityID, CreatedBy: key.CreatedBy, LimitedBy: key.LimitedBy}
	creator, err := creatorOf(ctx, a.db, communityID, key.CreatedBy)
	var bounds []bound
	if err == nil {
		caller.CreatorIsOwner = creator.InstallationOwner
		bounds, err = loadBounds(ctx, a.db, a.memberships, caller, communityID)
	}
	suspended := func(b bound) bool { return b.grants.suspendedUntil > a.clock.MS() }
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return "key_maker_gone", nil
	case err == nil && slices.ContainsFunc(bounds, suspended):
		return "key_maker_suspended", nil
	}
	return "", err
}

// setDisabledReasons sets DisabledReason of keys of a community.
func (a *Access) setDisabledReasons(ctx context.Context, communityID string, keys []Key) error {
	known := map[string]string{}
	for i := range keys {
		ref := strings.Join(append([]string{keys[i].CreatedBy}, keys[i].LimitedBy...), " ")
		if _, requested := known[ref]; !requested {
			code, err := a.disabledReason(ctx, communityID, keys[i])
			if err != nil {
				return err
			}
			known[ref] = code
		}
		keys[i].DisabledReason = known[ref]
	}
	return nil
}
