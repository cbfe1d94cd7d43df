package access

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// A key of a community never does more than its creator, and the persons that
// it is bound by after a rotation, may do at the time of the request. Keys of the
// command line and of the owner of the installation have no such bound.

// makerOf finds who stands behind a key, by its CreatedBy: a person, or the
// command. Keys that keys made are followed to the first one.
func makerOf(ctx context.Context, q sqldb.Querier, communityID, ref string) (actor.Actor, error) {
	for {
		keyID, made := strings.CutPrefix(ref, "key:")
		if !made {
			break
		}
		key, err := loadKey(ctx, q, communityID, keyID, "")
		if errs.KindOf(err) == errs.NotFound {
			key.CreatedBy, err = ownerOfKey(ctx, q, keyID)
			key.CreatedBy = "account:" + key.CreatedBy
		}
		if err != nil {
			return actor.Actor{}, err
		}
		ref = key.CreatedBy
	}
	if strings.HasPrefix(ref, "member:") { // a member without an account creates no keys
		return actor.Actor{}, errs.New(errs.NotFound, "account_not_found", "There is no such account.")
	}
	accountID, person := strings.CutPrefix(ref, "account:")
	if !person {
		return actor.Actor{Kind: actor.Command}, nil
	}
	account, err := account.LoadAccount(ctx, q, accountID)
	return actor.Actor{Kind: actor.Session, AccountID: accountID, InstallationOwner: account.InstallationOwner}, err
}

// makerBehind is makerOf for a key that asks, of whose maker Authenticate has
// found out what can be known without their membership.
func makerBehind(ctx context.Context, q sqldb.Querier, caller actor.Actor) (actor.Actor, error) {
	if accountID, person := strings.CutPrefix(caller.CreatedBy, "account:"); person {
		return actor.Actor{Kind: actor.Session, AccountID: accountID, InstallationOwner: caller.CreatorIsOwner}, nil
	}
	return makerOf(ctx, q, caller.CommunityID, caller.CreatedBy)
}

// rightsOfMaker are the rights of who made a key of the community, or NotFound
// when they have no business there any more. For a person it costs a read of
// their standing, and another of the roles unless they own the community.
func rightsOfMaker(ctx context.Context, q sqldb.Querier, standings Memberships, maker actor.Actor, communityID string) (rights, error) {
	if maker.Kind == actor.Command || maker.InstallationOwner {
		return rights{everything: true}, nil
	}
	return rightsIn(ctx, q, standings, maker, communityID)
}

// backer is a person that a key is bound by, with their rights.
type backer struct {
	actor.Actor
	has rights
}

// backersOf returns the creator of a key and the persons of Key.BoundBy, or
// NotFound if one of them left.
func backersOf(ctx context.Context, q sqldb.Querier, standings Memberships, caller actor.Actor, communityID string) ([]backer, error) {
	creator, err := makerBehind(ctx, q, caller)
	persons := []actor.Actor{creator}
	for _, ref := range caller.BoundBy {
		if err == nil {
			creator, err = makerOf(ctx, q, communityID, ref)
			persons = append(persons, creator)
		}
	}
	var backers []backer
	for _, person := range persons {
		if err == nil {
			var has rights
			has, err = rightsOfMaker(ctx, q, standings, person, communityID)
			backers = append(backers, backer{person, has})
		}
	}
	return backers, err
}

// byRank sorts backers by their rank, the lowest first; the creator comes first
// among equals.
func byRank(backers []backer) {
	slices.SortStableFunc(backers, func(x, y backer) int {
		switch {
		case x.has.everything && y.has.everything:
			return 0
		case x.has.everything:
			return 1
		case y.has.everything:
			return -1
		}
		return cmp.Compare(rankOf(x.has.roles), rankOf(y.has.roles))
	})
}

// powerOfKey is the power of a community's key: that of the lowest person it is
// bound by at that time, and none if one of them left. A key of the command line
// ranks above everyone but the owner.
func powerOfKey(ctx context.Context, q sqldb.Querier, standings Memberships, actor actor.Actor, communityID string) (Power, error) {
	none := Power{actor: actor}
	if actor.CommunityID != communityID {
		return none, nil
	}
	backers, err := backersOf(ctx, q, standings, actor, communityID)
	if err != nil {
		return none, gone(err)
	}
	byRank(backers)
	least := backers[0]
	power := Power{actor: actor, person: least.has.memberID, all: least.has.everything, has: least.has}
	for _, b := range backers[1:] {
		power.others = append(power.others, b.has)
	}
	return power, nil
}

// gone leaves nothing of the error that somebody is not there.
func gone(err error) error {
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}

// canKey is Can for a key of a community. Beside what Can says it fails with
// Forbidden "key_maker_gone" or "key_maker_suspended".
func (a *Access) canKey(ctx context.Context, caller actor.Actor, communityID string, need actor.Permission) error {
	if caller.CommunityID != communityID {
		return wrongCommunity()
	}
	if need != BeMember && !actor.Grants(caller.Permissions, onKey(need)) {
		return keyLacks(need)
	}
	backers, err := backersOf(ctx, a.db, a.memberships, caller, communityID)
	if err != nil {
		return makerGone(err)
	}
	for _, b := range backers {
		switch {
		case b.has.suspendedUntil > a.clock.MS():
			return makerSuspended(b.has.suspendedUntil)
		case !b.has.allowKey(need):
			return makerLacks(need)
		}
	}
	return nil
}

// allowKey is allow for a key that a person made. It speaks for any member and
// reads every channel, so it takes more to send and to read messages than from
// a member.
func (r rights) allowKey(need actor.Permission) bool {
	if slices.Contains([]actor.Permission{SendMessage, GetMessages}, need) {
		return r.commands()
	}
	return r.allow(need)
}

// commands reports whether somebody may do everything in the community.
func (r rights) commands() bool { return r.everything || r.granted(ServerAdministrator) }

func makerGone(err error) error {
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	return errs.New(errs.Forbidden, "key_maker_gone", "The creator of this API key, or the person that rotated it, is no longer in the community, so it does nothing. An owner can take it over or make a new one.").Because(err)
}

func makerSuspended(until int64) error {
	return errs.New(errs.Forbidden, "key_maker_suspended", "The creator of this API key, or the person that rotated it, is suspended until %s, and so is the key. An owner can take it over or make a new one.", clock.Format(until))
}

// idle is the code of the error that every request with the present secret of a
// key gets, "" when there is none.
func (a *Access) idle(ctx context.Context, communityID string, key Key) (string, error) {
	actor := actor.Actor{Kind: actor.CommunityKey, CommunityID: communityID, CreatedBy: key.CreatedBy, BoundBy: key.BoundBy}
	creator, err := makerOf(ctx, a.db, communityID, key.CreatedBy)
	var backers []backer
	if err == nil {
		actor.CreatorIsOwner = creator.InstallationOwner
		backers, err = backersOf(ctx, a.db, a.memberships, actor, communityID)
	}
	suspended := func(b backer) bool { return b.has.suspendedUntil > a.clock.MS() }
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return "key_maker_gone", nil
	case err == nil && slices.ContainsFunc(backers, suspended):
		return "key_maker_suspended", nil
	}
	return "", err
}

// noteIdle says of keys of a community which of them do nothing.
func (a *Access) noteIdle(ctx context.Context, communityID string, keys []Key) error {
	known := map[string]string{}
	for i := range keys {
		ref := strings.Join(append([]string{keys[i].CreatedBy}, keys[i].BoundBy...), " ")
		if _, asked := known[ref]; !asked {
			code, err := a.idle(ctx, communityID, keys[i])
			if err != nil {
				return err
			}
			known[ref] = code
		}
		keys[i].Idle = known[ref]
	}
	return nil
}

// subjectOfKey is a key of a community as channels see it: who may do
// everything, while its maker may, else its maker.
func (a *Access) subjectOfKey(ctx context.Context, q sqldb.Querier, actor actor.Actor) (Subject, error) {
	backers, err := backersOf(ctx, q, a.memberships, actor, actor.CommunityID)
	if err != nil {
		return Subject{Always: RuleNotMember}, gone(err)
	}
	for _, b := range backers {
		if b.has.suspendedUntil > a.clock.MS() {
			return Subject{Always: RuleSuspended}, nil
		}
	}
	byRank(backers)
	for _, b := range backers {
		if !b.has.commands() {
			return a.subjectOfPerson(ctx, q, b.Actor, actor.CommunityID)
		}
	}
	return Subject{Always: RuleKey}, nil
}
