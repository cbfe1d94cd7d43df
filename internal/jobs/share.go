package jobs

import (
	"maps"
	"slices"
	"strings"
)

// share is an owner and a community. The jobs of a lane are claimed by share:
// first the owners take turns, then the communities of an owner, then the jobs
// of a share go by priority and age.
type share string

func shareOf(owner, communityID string) share { return share(owner + " " + communityID) }

// owner is "" for work of the server itself, which has no limit.
func (s share) owner() string {
	owner, _, _ := strings.Cut(string(s), " ")
	return owner
}

func (s share) community() string {
	_, communityID, _ := strings.Cut(string(s), " ")
	return communityID
}

// workersOf is how many workers a lane of this node has.
func (o EngineOptions) workersOf(lane Lane) int {
	large := max(1, o.Workers/2)
	switch lane {
	case Large:
		return large
	case Small:
		return max(1, o.Workers-large)
	}
	return max(1, o.Workers)
}

// limitOf is how many of a lane's workers one owner, or one community, may
// have at a time.
func limitOf(workers int) int { return (workers + 1) / 2 }

// usage is which shares hold the workers of a lane of this node, and which
// were served last.
type usage struct {
	workers     int
	running     int
	shares      map[share]int
	owners      map[string]int
	communities map[string]int
	served      *served
}

// served numbers the claims of a lane: the share that was served longest ago
// is next.
type served struct {
	number int64
	owners map[string]int64
	shares map[share]int64
}

// keptServed bounds the memory of served. Without an entry a share counts as
// never served.
const keptServed = 10_000

func newServed() *served { return &served{owners: map[string]int64{}, shares: map[share]int64{}} }

func (s *served) clone() *served {
	if len(s.shares) > keptServed {
		return newServed()
	}
	return &served{s.number, maps.Clone(s.owners), maps.Clone(s.shares)}
}

func newUsage(workers int) *usage {
	return &usage{workers: workers, shares: map[share]int{}, owners: map[string]int{}, communities: map[string]int{}, served: newServed()}
}

func (u *usage) free() int { return max(0, u.workers-u.running) }

// add counts n more workers that a share holds, fewer if n is negative.
func (u *usage) add(s share, n int) {
	u.running += n
	u.shares[s] += n
	u.owners[s.owner()] += n
	u.communities[s.community()] += n
}

// full reports whether the owner or the community of a share is at its limit.
func (u *usage) full(s share) bool {
	limit := limitOf(u.workers)
	return s.owner() != "" && u.owners[s.owner()] >= limit || s.community() != "" && u.communities[s.community()] >= limit
}

// next chooses the share that the next free worker serves, of those that have
// jobs; ok is false if all are at their limit.
func (u *usage) next(waiting []share) (chosen share, ok bool) {
	for _, s := range waiting {
		if u.full(s) || ok && !u.before(s, chosen) {
			continue
		}
		chosen, ok = s, true
	}
	return chosen, ok
}

// before reports whether a is served before b: the owner with fewer jobs
// running, then the one that was served longest ago, then the same of shares.
func (u *usage) before(a, b share) bool {
	for _, difference := range []int64{
		int64(u.owners[a.owner()] - u.owners[b.owner()]),
		u.served.owners[a.owner()] - u.served.owners[b.owner()],
		int64(u.shares[a] - u.shares[b]),
		u.served.shares[a] - u.served.shares[b],
	} {
		if difference != 0 {
			return difference < 0
		}
	}
	return false
}

// serve gives a worker to a share.
func (u *usage) serve(s share) {
	u.add(s, 1)
	u.served.number++
	u.served.owners[s.owner()], u.served.shares[s] = u.served.number, u.served.number
}

// quota is how many jobs of a share are claimed.
type quota struct {
	share share
	n     int
}

// allot gives all free workers to shares that have jobs, as if each had
// enough of them.
func (u *usage) allot(waiting []share) (quotas []quota) {
	for u.free() > 0 {
		s, ok := u.next(waiting)
		if !ok {
			break
		}
		u.serve(s)
		i := slices.IndexFunc(quotas, func(q quota) bool { return q.share == s })
		if i < 0 {
			i, quotas = len(quotas), append(quotas, quota{share: s})
		}
		quotas[i].n++
	}
	return quotas
}
