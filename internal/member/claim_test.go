package member_test

import (
	"testing"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

// newAccount makes an account with a confirmed address.
func (f *fixture) newAccount(email, username string) account.Account {
	f.Helper()
	made, err := f.accounts().CreateAccount(f.Context(), account.Input{Email: email, Username: username})
	f.ok(err)
	return made
}

func TestAnOwnerWhomTheCommunityAddedBeforeIsThatMember(t *testing.T) {
	each(t, func(f *fixture) {
		added := f.unclaimed("ada")[0]
		ada := f.newAccount("Ada@example.com", "lovelace")
		for range 2 {
			f.ok(f.members.AddOwner(f.Context(), f.community, ada.ID))
		}
		m, err := f.members.Find(f.Context(), f.community, "lovelace")
		f.ok(err)
		if m.ID != added.ID || !m.Owner || m.AccountID != ada.ID || m.Email != "Ada@example.com" || f.total() != 1 {
			f.Errorf("%+v, %d members", m, f.total())
		}
	})
}

func TestAnAddressThatAnotherMemberHasKeptIsAConflictForWhoJoins(t *testing.T) {
	each(t, func(f *fixture) {
		f.people("ada")
		// Ada's account has another address now, which an unclaimed member has here.
		if _, err := f.db.Exec(f.Context(), "UPDATE accounts SET email = 'new@example.com', email_key = 'new@example.com'"); err != nil {
			f.Fatal(err)
		}
		open := community.JoinOpen
		_, err := community.New(f.db, clock.Clock{}).Update(f.Context(), f.community, community.Change{Joining: &community.Joining{Policy: open}})
		f.ok(err)
		bob := f.newAccount("ada@example.com", "bob")
		err = f.members.Join(f.Context(), actor.Actor{Kind: actor.Session, AccountID: bob.ID}, f.community, member.JoinHow{})
		if !errs.Is(err, "email_taken") || errs.KindOf(err) != errs.Conflict {
			f.Error(err)
		}
	})
}

func TestOnlyThePersonThemselvesSeesAndDeclinesAMembership(t *testing.T) {
	each(t, func(f *fixture) {
		added := f.unclaimed("ada")[0]
		ada := f.newAccount("ada@example.com", "ada")
		limited := actor.Actor{Kind: actor.Session, AccountID: ada.ID, MemberID: added.ID, OnlyCommunity: f.community}
		key := actor.Actor{Kind: actor.UserKey, AccountID: ada.ID, KeyID: "k"}
		for name, actor := range map[string]actor.Actor{"a limited session": limited, "a key": key} {
			if list, err := f.members.Additions(f.Context(), actor); err != nil || len(list) > 0 {
				f.Errorf("%s sees %v, %v", name, list, err)
			}
			if err := f.members.Decline(f.Context(), actor, f.community); errs.KindOf(err) != errs.Forbidden {
				f.Errorf("%s declines: %v", name, err)
			}
		}
		person := actor.Actor{Kind: actor.Session, AccountID: ada.ID}
		if list, err := f.members.Additions(f.Context(), person); err != nil || len(list) != 1 || list[0].MemberID != added.ID {
			f.Errorf("%v, %v", list, err)
		}
		f.ok(f.members.Decline(f.Context(), person, f.community))
		if f.total() != 0 {
			f.Errorf("%d members", f.total())
		}
	})
}
