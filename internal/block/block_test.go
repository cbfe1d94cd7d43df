package block_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func blocks(f *membertest.Fixture) *block.Blocks {
	f.NewRoles()
	return block.New(block.Deps{DB: f.DB, Clock: f.Clock, Access: f.NewAccess()})
}

// blockedBy returns the usernames of the members that one blocks.
func blockedBy(f *membertest.Fixture, all *block.Blocks, who *member.Record) (names []string) {
	f.Helper()
	list, err := all.List(f.Context(), membertest.Session(who), f.Community)
	f.OK(err)
	for _, one := range list {
		names = append(names, one.Blocked.Username)
	}
	slices.Sort(names)
	return names
}

func TestBlocksAreFoundInBothDirections(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := blocks(f)
		people := f.People("ada", "ben", "cleo")
		_, err := all.Create(f.Context(), membertest.Session(people[0]), f.Community, "ben")
		f.OK(err)
		for _, c := range []struct {
			a, b int
			want bool
		}{{0, 1, true}, {1, 0, true}, {0, 2, false}, {1, 2, false}} {
			if got, err := block.Between(f.Context(), f.DB, f.Community, people[c.a].ID, people[c.b].ID); err != nil || got != c.want {
				t.Errorf("%d and %d: %t %v", c.a, c.b, got, err)
			}
		}
		if got, err := block.Between(f.Context(), f.DB, f.Elsewhere(), people[0].ID, people[1].ID); err != nil || got {
			t.Errorf("in another community: %t %v", got, err)
		}
		if got, err := block.BetweenAny(f.Context(), f.DB, f.Community, people[1].ID, []string{people[2].ID, people[0].ID}); err != nil || !got {
			t.Errorf("one of two: %t %v", got, err)
		}
		for i, want := range [][]string{{people[1].ID}, nil} {
			if got, err := block.BlockedBy(f.Context(), f.DB, f.Community, people[i].ID); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d blocks %v %v", i, got, err)
			}
		}
	})
}

func TestBlocksAreErasedInBothDirections(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := blocks(f)
		people := f.People("ada", "ben", "cleo")
		for _, pair := range [][2]int{{0, 1}, {1, 0}, {1, 2}, {2, 0}} {
			_, err := all.Create(f.Context(), membertest.Session(people[pair[0]]), f.Community, people[pair[1]].ID)
			f.OK(err)
		}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return block.EraseMembers(f.Context(), tx, f.Community, []string{people[0].ID})
		}))
		left, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT blocked_id FROM member_blocks")
		f.OK(err)
		if d := cmp.Diff([]string{people[2].ID}, left); d != "" {
			t.Error(d)
		}
	})
}

func TestDeletedMembersAreNotListed(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := blocks(f)
		people := f.People("ada", "ben", "cleo")
		for _, name := range []string{"ben", "cleo"} {
			_, err := all.Create(f.Context(), membertest.Session(people[0]), f.Community, name)
			f.OK(err)
		}
		f.SetState(member.Deleted, people[1])
		f.SetState(member.Left, people[2])
		if d := cmp.Diff([]string{"cleo"}, blockedBy(f, all, people[0])); d != "" {
			t.Error(d)
		}
		f.SetState(member.Active, people[1])
		if d := cmp.Diff([]string{"ben", "cleo"}, blockedBy(f, all, people[0])); d != "" {
			t.Error(d)
		}
	})
}

func TestAMemberBlocksABoundedNumberOfMembers(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := blocks(f)
		people := f.People("ada", "ben", "cleo", "dan", "eve")
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return tx.InsertRows(f.Context(), sqldb.Rows{
				Table: "member_blocks", Columns: []string{"community_id", "blocker_id", "blocked_id", "created_at"}, N: block.Max - 1,
				Fill: func(i int, row []any) {
					row[0], row[1], row[2], row[3] = f.Community, people[0].ID, clock.Format(int64(i)), int64(1)
				},
			})
		}))
		var mu sync.Mutex
		codes := map[string]int{}
		var together sync.WaitGroup
		for _, who := range people[1:] {
			together.Go(func() {
				_, err := all.Create(f.Context(), membertest.Session(people[0]), f.Community, who.ID)
				mu.Lock()
				defer mu.Unlock()
				codes[membertest.Code(err)]++
			})
		}
		together.Wait()
		if d := cmp.Diff(map[string]int{"": 1, "too_many_blocks": 3}, codes); d != "" {
			t.Error(d)
		}
		blocked := blockedBy(f, all, people[0])
		if len(blocked) != 1 {
			t.Fatal(blocked)
		}
		if _, err := all.Create(f.Context(), membertest.Session(people[0]), f.Community, blocked[0]); err != nil {
			t.Errorf("a repeated call at the limit: %v", err)
		}
		if _, err := all.Create(f.Context(), membertest.Command, f.Community, "ben"); !errs.Is(err, "person_required") {
			t.Errorf("the command line: %v", err)
		}
	})
}
