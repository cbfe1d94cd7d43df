package moderation_test

import (
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/moderation"
)

type fixture struct{ *membertest.Fixture }

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(f *membertest.Fixture) { test(&fixture{f}) })
}

func TestAnAddressThatAnotherMemberHasKeptIsAConflictForWhoJoins(t *testing.T) {
	each(t, func(f *fixture) {
		f.People("ada")
		// Ada's account has another address now, which an unclaimed member has here.
		if _, err := f.DB.Exec(f.Context(), "UPDATE accounts SET email = 'new@example.com', email_key = 'new@example.com'"); err != nil {
			f.Fatal(err)
		}
		open := community.JoinOpen
		_, err := community.New(community.Deps{DB: f.DB, Clock: clock.Clock{}}).Update(f.Context(), f.Community, community.Change{Joining: &community.Joining{Policy: open}}, actor.Actor{})
		f.OK(err)
		bob := f.NewAccount("ada@example.com", "bob")
		err = f.Moderation.Join(f.Context(), actor.Actor{Kind: actor.Session, AccountID: bob.ID}, f.Community, moderation.JoinInput{})
		if !errs.Is(err, "email_taken") || errs.KindOf(err) != errs.Conflict {
			f.Error(err)
		}
	})
}

func TestOnlyThePersonThemselvesSeesAndDeclinesAMembership(t *testing.T) {
	each(t, func(f *fixture) {
		added := f.Unclaimed("ada")[0]
		ada := f.NewAccount("ada@example.com", "ada")
		limited := actor.Actor{Kind: actor.Session, AccountID: ada.ID, MemberID: added.ID, OnlyCommunity: f.Community}
		key := actor.Actor{Kind: actor.UserKey, AccountID: ada.ID, KeyID: "k"}
		for name, actor := range map[string]actor.Actor{"a limited session": limited, "a key": key} {
			if list, err := f.Moderation.Additions(f.Context(), actor); err != nil || len(list) > 0 {
				f.Errorf("%s sees %v, %v", name, list, err)
			}
			if err := f.Moderation.Decline(f.Context(), actor, f.Community); errs.KindOf(err) != errs.Forbidden {
				f.Errorf("%s declines: %v", name, err)
			}
		}
		person := actor.Actor{Kind: actor.Session, AccountID: ada.ID}
		if list, err := f.Moderation.Additions(f.Context(), person); err != nil || len(list) != 1 || list[0].MemberID != added.ID {
			f.Errorf("%v, %v", list, err)
		}
		f.OK(f.Moderation.Decline(f.Context(), person, f.Community))
		if f.Total() != 0 {
			f.Errorf("%d members", f.Total())
		}
	})
}
