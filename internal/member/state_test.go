package member_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

func (f *fixture) setState(to string, records ...*member.Record) (changed []string) {
	f.Helper()
	f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) (err error) {
		changed, err = member.SetState(f.Context(), tx, f.community, idsOf(records), to, 7)
		return err
	}))
	return changed
}

func idsOf(records []*member.Record) (ids []string) {
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

func (f *fixture) total() int64 {
	f.Helper()
	n, err := f.members.Count(f.Context(), f.community)
	f.ok(err)
	return n
}

func TestAStateIsSetOnceAndOnlyActiveMembersCount(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.people("ann", "bob", "cid")
		ann, bob := all[0], all[1]
		want := slices.Sorted(slices.Values(idsOf(all[:2])))
		if diff := cmp.Diff(want, f.setState(member.Left, ann, bob, &member.Record{ID: "nobody"})); diff != "" {
			f.Fatal(diff)
		}
		if n := f.total(); n != 1 {
			f.Fatalf("%d members count, want 1", n)
		}
		if again := f.setState(member.Left, ann); again != nil {
			f.Fatalf("left twice: %v", again)
		}
		f.setState(member.Banned, ann) // from one that does not count to another
		f.setState(member.Active, bob)
		if n := f.total(); n != 2 {
			f.Fatalf("%d members count, want 2", n)
		}
		standing, err := member.Memberships{}.ByAccount(f.Context(), f.db, f.community, ann.ID)
		f.ok(err)
		if standing.State != member.Banned || standing.Member {
			f.Fatalf("standing %+v", standing)
		}
		if _, err := f.members.Find(f.Context(), f.community, "ann"); err == nil {
			f.Fatal("a banned member is found")
		}
	})
}

func TestAnUnknownStateIsRefused(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")
		err := f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := member.SetState(f.Context(), tx, f.community, idsOf(ann), "gone", 7)
			return err
		})
		if err == nil || f.total() != 1 {
			f.Fatalf("error %v, %d members", err, f.total())
		}
	})
}

func TestTheNumberOfMembersHoldsWhenManySetStatesAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.people("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8")
		var work sync.WaitGroup
		changes := make([]int, 16)
		for i := range changes {
			work.Go(func() {
				to := []string{member.Left, member.Banned}[i%2]
				err := f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
					changed, err := member.SetState(f.Context(), tx, f.community, idsOf(all[:7]), to, 7)
					changes[i] = len(changed)
					return err
				})
				if err != nil {
					f.Error(err)
				}
			})
		}
		work.Wait()
		if n := f.total(); n != 1 {
			f.Fatalf("%d members count, want 1", n)
		}
	})
}
