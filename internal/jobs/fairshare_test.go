package jobs

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Jobs are queued and end at random, and every free worker is assigned at once.
// At any time no owner or community is over its limit, no worker is idle while a
// share below its limit waits, and no owner waits while another one is served
// twice, unless its own share or community is at its limit.
func TestSchedulingIsFairBetweenOwners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := newUsage(rapid.IntRange(1, 6).Draw(t, "workers"))
		owners := []string{"", "open", "command", "account:a", "account:b", "key:c"}
		queued, running := map[share]int{}, []share{}
		overtaken := map[string]map[string]int{} // how often an owner was served before another eligible one
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			if len(running) > 0 && rapid.Bool().Draw(t, "ends") {
				at := rapid.IntRange(0, len(running)-1).Draw(t, "which")
				u.adjust(running[at], -1)
				running = slices.Delete(running, at, at+1)
			} else {
				s := shareOf(rapid.SampledFrom(owners).Draw(t, "owner"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "community"))
				queued[s] += rapid.IntRange(1, 5).Draw(t, "jobs")
			}
			running = append(running, assignAll(t, u, queued, overtaken)...)
			checkLimits(t, u)
		}
	})
}

// assignAll assigns the free workers one at a time, as a claim does.
func assignAll(t *rapid.T, u *usage, queued map[share]int, overtaken map[string]map[string]int) (served []share) {
	for u.free() > 0 {
		waiting := waitingShares(queued)
		s, ok := u.next(waiting)
		if !ok {
			for _, w := range waiting {
				if !u.atLimit(w) {
					t.Fatalf("a worker is idle while %q waits", w)
				}
			}
			return served
		}
		if u.atLimit(s) {
			t.Fatalf("%q is served at its limit", s)
		}
		checkOrder(t, u, s, waiting, overtaken)
		u.assign(s)
		served = append(served, s)
		if queued[s]--; queued[s] == 0 {
			delete(queued, s)
		}
	}
	return served
}

// checkOrder counts how often owners are overtaken. An eligible owner without a
// running job is never overtaken twice by the same other one.
func checkOrder(t *rapid.T, u *usage, s share, waiting []share, overtaken map[string]map[string]int) {
	delete(overtaken, s.owner())
	for _, w := range waiting {
		if w.owner() == s.owner() || u.atLimit(w) || u.owners[w.owner()] > 0 {
			continue
		}
		if overtaken[w.owner()] == nil {
			overtaken[w.owner()] = map[string]int{}
		}
		if overtaken[w.owner()][s.owner()]++; overtaken[w.owner()][s.owner()] > 3 { // once per community
			t.Fatalf("%q waits while %q is served repeatedly", w, s)
		}
	}
}

func waitingShares(queued map[share]int) []share {
	list := []share{}
	for s := range queued {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func checkLimits(t *rapid.T, u *usage) {
	if u.running > u.workers {
		t.Fatalf("%d jobs on %d workers", u.running, u.workers)
	}
	for _, counts := range []map[string]int{u.owners, u.communities} {
		for name, n := range counts {
			if name != "" && n > fairLimit(u.workers) {
				t.Fatalf("%q has %d of %d workers", name, n, u.workers)
			}
		}
	}
}

func TestAllocateAssignsOneWorkerAtATime(t *testing.T) {
	waiting := []share{"account:a x", "account:a y", "account:b x", " z"}
	u := newUsage(6)
	u.adjust("account:a x", 1)
	got := fmt.Sprint(u.allocate(waiting))
	if want := "[{account:b x 2} { z 2} {account:a y 1}]"; got != want || u.free() != 0 {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEveryLaneHasItsOwnWorker(t *testing.T) {
	for workers, want := range map[int][3]int{1: {1, 1, 1}, 2: {2, 1, 1}, 3: {3, 2, 1}, 4: {4, 2, 2}, 8: {8, 4, 4}} {
		o := EngineOptions{Workers: workers}
		if got := [3]int{o.workersOf(Short), o.workersOf(Small), o.workersOf(Large)}; got != want {
			t.Errorf("%d workers: short, small and large have %v, want %v", workers, got, want)
		}
	}
}
