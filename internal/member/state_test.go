package member_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestAStateIsSetOnceAndOnlyActiveMembersCount(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.People("ann", "bob", "cid")
		ann, bob := all[0], all[1]
		want := slices.Sorted(slices.Values(membertest.IDs(all[:2])))
		if diff := cmp.Diff(want, f.SetState(member.Left, ann, bob, &member.Record{ID: "nobody"})); diff != "" {
			f.Fatal(diff)
		}
		if n := f.Total(); n != 1 {
			f.Fatalf("%d members count, want 1", n)
		}
		if again := f.SetState(member.Left, ann); again != nil {
			f.Fatalf("left twice: %v", again)
		}
		f.SetState(member.Banned, ann) // from one that does not count to another
		f.SetState(member.Active, bob)
		if n := f.Total(); n != 2 {
			f.Fatalf("%d members count, want 2", n)
		}
		standing, err := member.Memberships{}.ByAccount(f.Context(), f.DB, f.Community, ann.ID)
		f.OK(err)
		if standing.State != member.Banned || standing.Member {
			f.Fatalf("standing %+v", standing)
		}
		if _, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "ann"); err == nil {
			f.Fatal("a banned member is found")
		}
	})
}

func TestAnUnknownStateIsRefused(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")
		err := f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := member.SetState(f.Context(), tx, actor.Actor{}, f.Community, membertest.IDs(ann), "gone", 7)
			return err
		})
		if err == nil || f.Total() != 1 {
			f.Fatalf("error %v, %d members", err, f.Total())
		}
	})
}

func TestTheNumberOfMembersHoldsWhenManySetStatesAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.People("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8")
		var work sync.WaitGroup
		changes := make([]int, 16)
		for i := range changes {
			work.Go(func() {
				to := []string{member.Left, member.Banned}[i%2]
				err := f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
					changed, err := member.SetState(f.Context(), tx, actor.Actor{}, f.Community, membertest.IDs(all[:7]), to, 7)
					changes[i] = len(changed)
					return err
				})
				if err != nil {
					f.Error(err)
				}
			})
		}
		work.Wait()
		if n := f.Total(); n != 1 {
			f.Fatalf("%d members count, want 1", n)
		}
	})
}
