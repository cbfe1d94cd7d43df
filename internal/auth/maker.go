package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// A key of a community never does more than who made it may do now: who is
// suspended, goes, or loses a role does not keep by a key what they lost. Keys
// that were made at the machine, or by who runs the installation, have no maker
// to lose.

// maker is what a key that the actor makes keeps as CreatedBy: who stands
// behind it, so that it outlives the key that made it, but not their rights.
func (a Actor) maker() string {
	switch {
	case a.Kind == UserKey:
		return "account:" + a.AccountID
	case a.Kind == CommunityKey && a.MadeBy != "":
		return a.MadeBy
	default:
		return a.Ref()
	}
}

// makerOf finds who stands behind a key, by its CreatedBy: a person, or the
// command. Keys that keys made are followed to the first one.
func makerOf(ctx context.Context, q sqldb.Querier, communityID, ref string) (Actor, error) {
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
			return Actor{}, err
		}
		ref = key.CreatedBy
	}
	accountID, person := strings.CutPrefix(ref, "account:")
	if !person {
		return Actor{Kind: Command}, nil
	}
	account, err := loadAccount(ctx, q, accountID)
	return Actor{Kind: Session, AccountID: accountID, InstallationOwner: account.InstallationOwner}, err
}

// makerBehind is makerOf for a key that asks, of whose maker Authenticate has
// found out what can be known without their membership.
func makerBehind(ctx context.Context, q sqldb.Querier, actor Actor) (Actor, error) {
	if accountID, person := strings.CutPrefix(actor.MadeBy, "account:"); person {
		return Actor{Kind: Session, AccountID: accountID, InstallationOwner: actor.MadeByInstaller}, nil
	}
	return makerOf(ctx, q, actor.CommunityID, actor.MadeBy)
}

// rightsOfMaker are the rights of who made a key of the community, or NotFound
// when they have no business there any more. For a person it costs a read of
// their standing, and another of the roles unless they own the community.
func rightsOfMaker(ctx context.Context, q sqldb.Querier, standings Standings, maker Actor, communityID string) (rights, error) {
	if maker.Kind == Command || maker.InstallationOwner {
		return rights{everything: true}, nil
	}
	return rightsIn(ctx, q, standings, maker, communityID)
}

// powerOfKey is the power of a community's key: what its maker has now, and
// none when they are gone. A key made at the machine itself stands above
// everybody but the owner.
func powerOfKey(ctx context.Context, q sqldb.Querier, standings Standings, actor Actor, communityID string) (Power, error) {
	none := Power{actor: actor}
	if actor.CommunityID != communityID {
		return none, nil
	}
	maker, err := makerBehind(ctx, q, actor)
	if err != nil {
		return none, gone(err)
	}
	has, err := rightsOfMaker(ctx, q, standings, maker, communityID)
	if err != nil {
		return none, gone(err)
	}
	return Power{actor: actor, person: has.memberID, all: has.everything, has: has}, nil
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
func (a *Auth) canKey(ctx context.Context, actor Actor, communityID string, need Permission) error {
	if actor.CommunityID != communityID {
		return wrongCommunity()
	}
	if need != BeMember && !grants(actor.Permissions, onKey(need)) {
		return keyLacks(need)
	}
	maker, err := makerBehind(ctx, a.db, actor)
	if err != nil {
		return makerGone(err)
	}
	has, err := rightsOfMaker(ctx, a.db, a.standings, maker, communityID)
	switch {
	case err != nil:
		return makerGone(err)
	case has.suspendedUntil > a.clock.MS():
		return makerSuspended(has.suspendedUntil)
	case !has.allowKey(need):
		return makerLacks(need)
	}
	return nil
}

// allowKey is allow for a key that a person made. It speaks for any member and
// reads every channel, so it takes more to send and to read messages than from
// a member.
func (r rights) allowKey(need Permission) bool {
	if slices.Contains([]Permission{SendMessage, GetMessages}, need) {
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
	return errs.New(errs.Forbidden, "key_maker_gone", "Who made this API key is not in the community any more, so it does nothing. An owner can take it over or make a new one.").Because(err)
}

func makerSuspended(until int64) error {
	return errs.New(errs.Forbidden, "key_maker_suspended", "Who made this API key is suspended until %s, and so is the key. An owner can take it over or make a new one.", clock.Format(until))
}

// idle is the code of the error that every request with a key made by ref
// gets, "" when there is none.
func (a *Auth) idle(ctx context.Context, communityID, ref string) (string, error) {
	maker, err := makerOf(ctx, a.db, communityID, ref)
	var has rights
	if err == nil {
		has, err = rightsOfMaker(ctx, a.db, a.standings, maker, communityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return "key_maker_gone", nil
	case err == nil && has.suspendedUntil > a.clock.MS():
		return "key_maker_suspended", nil
	}
	return "", err
}

// noteIdle says of keys of a community which of them do nothing.
func (a *Auth) noteIdle(ctx context.Context, communityID string, keys []Key) error {
	known := map[string]string{}
	for i := range keys {
		ref := keys[i].CreatedBy
		if _, asked := known[ref]; !asked {
			code, err := a.idle(ctx, communityID, ref)
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
func (a *Auth) subjectOfKey(ctx context.Context, q sqldb.Querier, actor Actor) (Subject, error) {
	maker, err := makerBehind(ctx, q, actor)
	if err != nil {
		return Subject{Always: RuleNotMember}, gone(err)
	}
	has, err := rightsOfMaker(ctx, q, a.standings, maker, actor.CommunityID)
	switch {
	case err != nil:
		return Subject{Always: RuleNotMember}, gone(err)
	case has.suspendedUntil > a.clock.MS():
		return Subject{Always: RuleSuspended}, nil
	case has.commands():
		return Subject{Always: RuleKey}, nil
	}
	return a.subjectOfPerson(ctx, q, maker, actor.CommunityID)
}
