package directory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
)

const listedJob = "0123456789abcdef01234567"

// listAll adds all members to the list of a job.
func (f *fixture) listAll() {
	f.Helper()
	_, err := f.DB.Exec(f.Context(), "INSERT INTO bulk_members (community_id, job_id, user_id) SELECT community_id, $2, user_id FROM members WHERE community_id = $1", f.Community, listedJob)
	f.OK(err)
}

// list returns a page.
func (f *fixture) list(filter directory.Filter) directory.List {
	f.Helper()
	list, err := f.Members.List(f.Context(), membertest.Command, f.Community, filter)
	f.OK(err)
	return list
}

// walk returns the usernames on all pages from the first to the last, and back.
func (f *fixture) walk(filter directory.Filter) (there, back []string) {
	f.Helper()
	names := func(list directory.List) (names []string) {
		for _, m := range list.Members {
			names = append(names, m.Username)
		}
		return names
	}
	list := f.list(filter)
	if list.Previous != "" {
		f.Errorf("%+v: a page before the first", filter)
	}
	for there = names(list); list.Next != ""; there = append(there, names(list)...) {
		filter.After = list.Next
		list = f.list(filter)
	}
	filter.After = ""
	for back = names(list); list.Previous != ""; back = append(names(list), back...) {
		filter.Before = list.Previous
		list = f.list(filter)
	}
	return there, back
}

func TestPagesGoOnAtAPositionInEveryOrder(t *testing.T) {
	each(t, func(f *fixture) {
		filled(f)
		f.People("_dog", "Ann", "cat", "Éva")
		f.listAll()
		orders := append([]string{"created", "username", "email"}, field.Figures...)
		for _, order := range orders {
			for _, sort := range []string{order, "-" + order} {
				for _, filter := range []directory.Filter{{}, {JobID: listedJob}, {State: member.Active, Search: "a"}} {
					filter.Sort, filter.Limit = sort, 100
					want := f.Usernames(filter)
					for _, limit := range []int{1, 2, 3, len(want)} {
						filter.Limit = limit
						if there, back := f.walk(filter); len(want) == 0 || !slices.Equal(there, want) || !slices.Equal(back, want) {
							f.Errorf("%+v:\nthere %v\nback  %v\nwant  %v", filter, there, back, want)
						}
					}
				}
			}
		}
		for _, wrong := range []directory.Filter{{After: "x"}, {Before: f.list(directory.Filter{Sort: "email", Limit: 1}).Next}} {
			if _, err := f.Members.List(f.Context(), membertest.Command, f.Community, wrong); !errs.Is(err, "invalid_cursor") {
				f.Errorf("%+v: %v", wrong, err)
			}
		}
	})
}

// TestTheLastPageOfAJobCostsAsMuchAsTheFirst compares the fastest of some readings, one
// after the other in turn. By its number the last page costs more than five times as much.
func TestTheLastPageOfAJobCostsAsMuchAsTheFirst(t *testing.T) {
	each(t, func(f *fixture) {
		names := make([]string, 60_000)
		for i := range names {
			names[i] = fmt.Sprintf("member%05d", i)
		}
		f.Unclaimed(names...)
		f.listAll()
		_, err := f.DB.Exec(f.Context(), "ANALYZE")
		f.OK(err)
		for _, sort := range []string{"created", "-created"} {
			first := directory.Filter{JobID: listedJob, Sort: sort, Limit: 50}
			last := first
			last.After = f.list(directory.Filter{JobID: listedJob, Sort: sort, Limit: 1, Page: len(names) - 50}).Next
			if got := f.list(last); len(got.Members) != 50 || got.Next != "" {
				f.Fatalf("%d members on the last page", len(got.Members))
			}
			fastest := func(filter directory.Filter) time.Duration {
				start := clock.Clock{}.Now()
				f.list(filter)
				return clock.Clock{}.Now().Sub(start)
			}
			a, b := time.Hour, time.Hour
			for range 7 {
				a, b = min(a, fastest(first)), min(b, fastest(last))
			}
			if b > 3*a+5*time.Millisecond {
				f.Errorf("%s: the first page takes %v, the last one %v", sort, a, b)
			}
		}
	})
}
