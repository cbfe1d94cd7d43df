package directory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/sqldb"
)

// filled are members with figures: none, few, many, gone (a streak that ended), ever (seen
// long ago).
func filled(f *fixture) {
	f.Helper()
	ids := map[string]string{}
	for _, r := range f.People("none", "few", "many", "gone", "ever") {
		ids[r.Username] = r.ID
	}
	now := f.Clock.Now()
	today := now.Unix() / 86400
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
		for name, d := range map[string]tally.Delta{"few": {Messages: 1, Replies: 2, Reactions: 3}, "many": {Messages: 10, Replies: 20, Reactions: 30}, "gone": {Messages: 1}} {
			if err := tally.Add(f.Context(), tx, f.Community, ids[name], d); err != nil {
				return err
			}
		}
		for name, row := range map[string][4]int64{"few": {3, 5, 2, today}, "many": {7, 50, 4, today - 1}, "gone": {9, 9, 9, today - 2}} {
			if _, err := tx.Exec(f.Context(), "INSERT INTO member_presence (community_id, user_id, visits, minutes, last_minute, streak, streak_day) VALUES ($1, $2, $3, $4, 1, $5, $6)",
				f.Community, ids[name], row[0], row[1], row[2], row[3]); err != nil {
				return err
			}
		}
		for name, ago := range map[string]time.Duration{"few": time.Minute, "many": 4 * time.Minute, "gone": 6 * time.Minute, "ever": 24 * time.Hour} {
			if _, err := tx.Exec(f.Context(), "INSERT INTO member_visits (community_id, user_id, seen_at, signed_in_at, online_until) VALUES ($1, $2, $3, 0, $4)", f.Community, ids[name], now.Add(-ago).UnixMilli(), now.Add(presence.OnlineFor-ago).UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestMembersAreFilteredByWhatTheyHaveDone(t *testing.T) {
	each(t, func(f *fixture) {
		filled(f)
		for _, test := range []struct {
			filter map[string]any
			want   []string // in the order of creation
		}{
			{map[string]any{"total_messages": 1.0}, []string{"few", "gone"}},
			{map[string]any{"total_messages": 0.0}, []string{"none", "ever"}},
			{map[string]any{"total_messages": map[string]any{"gte": "1"}}, []string{"few", "many", "gone"}},
			{map[string]any{"total_messages": map[string]any{"gte": 0.0}}, []string{"none", "few", "many", "gone", "ever"}},
			{map[string]any{"total_messages": map[string]any{"gt": 1.0}}, []string{"many"}},
			{map[string]any{"total_messages": map[string]any{"lt": 10.0}}, []string{"none", "few", "gone", "ever"}},
			{map[string]any{"total_messages": map[string]any{"lte": 0.0}}, []string{"none", "ever"}},
			{map[string]any{"total_messages": map[string]any{"gte": 1.0, "lt": 10.0}, "reply_sent": map[string]any{"gte": 2.0}}, []string{"few"}},
			{map[string]any{"total_reactions": map[string]any{"gte": 30.0}}, []string{"many"}},
			{map[string]any{"visit_count": 9.0}, []string{"gone"}},
			{map[string]any{"time_spent": map[string]any{"gte": 9.0, "lte": 50.0}}, []string{"many", "gone"}},
			{map[string]any{"login_streak": map[string]any{"gte": 2.0}}, []string{"few", "many"}},
			{map[string]any{"login_streak": 0.0}, []string{"none", "gone", "ever"}},
			{map[string]any{"login_streak": 4.0}, []string{"many"}},
			{map[string]any{"login_streak": map[string]any{"lt": 4.0}}, []string{"none", "few", "gone", "ever"}},
			{map[string]any{"is_online": true}, []string{"few", "many"}},
			{map[string]any{"is_online": false}, []string{"none", "gone", "ever"}},
			{map[string]any{"is_online": true, "total_messages": 10.0}, []string{"many"}},
		} {
			asking, err := f.Members.FilterFields(f.Context(), membertest.Command, f.Community, test.filter)
			f.OK(err)
			conditions, err := asking.Conditions(test.filter)
			f.OK(err)
			found, err := f.Members.Page(f.Context(), membertest.Command, f.Community, conditions, directory.PageRequest{Page: 1})
			f.OK(err)
			var got []string
			for _, m := range found.Members {
				got = append(got, m.Username)
			}
			if d := cmp.Diff(test.want, got); d != "" || found.Total != int64(len(test.want)) {
				f.Errorf("%v: total %d\n%s", test.filter, found.Total, d)
			}
		}
		for _, wrong := range []map[string]any{{"total_messages": "many"}, {"total_messages": 1.5}, {"is_online": map[string]any{"gte": true}}, {"is_online": "perhaps"}} {
			asking, err := f.Members.FilterFields(f.Context(), membertest.Command, f.Community, wrong)
			f.OK(err)
			if _, err := asking.Conditions(wrong); !errs.Is(err, "invalid_input") {
				f.Errorf("%v: %v", wrong, err)
			}
		}
	})
}

func TestAListIsSortedByWhatMembersHaveDone(t *testing.T) {
	each(t, func(f *fixture) {
		filled(f)
		for sort, want := range map[string][]string{
			"-total_messages":  {"many", "gone", "few", "ever", "none"},
			"-reply_sent":      {"many", "few", "ever", "gone", "none"},
			"-total_reactions": {"many", "few", "ever", "gone", "none"},
			"-visit_count":     {"gone", "many", "few", "ever", "none"},
			"-time_spent":      {"many", "gone", "few", "ever", "none"},
			"-login_streak":    {"many", "few", "ever", "gone", "none"},
			"-is_online":       {"few", "many", "gone", "ever", "none"},
		} {
			if got := f.Usernames(directory.Filter{Sort: sort, Limit: 10}); !slices.Equal(got, want) {
				f.Errorf("%s: %v, want %v", sort, got, want)
			}
			slices.Reverse(want)
			if got := f.Usernames(directory.Filter{Sort: sort[1:], Limit: 10}); !slices.Equal(got, want) {
				f.Errorf("%s: %v, want %v", sort[1:], got, want)
			}
			for _, limit := range []int{1, 2, 3} {
				var got []string
				for page := 1; len(got) < len(want) && page < 9; page++ {
					got = append(got, f.Usernames(directory.Filter{Sort: sort[1:], Limit: limit, Page: page})...)
				}
				if !slices.Equal(got, want) {
					f.Errorf("%s by pages of %d: %v, want %v", sort[1:], limit, got, want)
				}
			}
			if got := f.Usernames(directory.Filter{Sort: sort, Limit: 10, Search: "ever"}); !slices.Equal(got, []string{"ever"}) {
				f.Errorf("%s with a search: %v", sort, got)
			}
		}
	})
}

// Filters and orders of figures read the index also where it matches more members than are
// sorted in memory.
func TestManyMembersAreFilteredAndSortedByFigures(t *testing.T) {
	each(t, func(f *fixture) {
		const n = 5_200
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("m%05d", i))
		}
		records := f.Unclaimed(names...)
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return tx.InsertRows(f.Context(), sqldb.Rows{Table: "message_totals", Columns: []string{"community_id", "user_id", "messages", "replies", "reactions"}, N: n, Fill: func(i int, row []any) {
				row[0], row[1], row[2], row[3], row[4] = f.Community, records[i].ID, int64(i), int64(0), int64(0)
			}})
		}))
		asking, err := f.Members.FilterFields(f.Context(), membertest.Command, f.Community, nil)
		f.OK(err)
		for lowest, want := range map[string]int64{"0": n, "1": n - 1, "100": n - 100, "5190": 10} {
			conditions, err := asking.Conditions(map[string]any{"total_messages": map[string]any{"gte": lowest}})
			f.OK(err)
			found, err := f.Members.List(f.Context(), membertest.Command, f.Community, directory.Filter{Where: conditions, Sort: "-total_messages", Limit: 3})
			f.OK(err)
			if found.Total != want || len(found.Members) != 3 || found.Members[0].Username != "m05199" {
				f.Errorf("at least %s: %d, %+v", lowest, found.Total, found.Members)
			}
		}
	})
}
