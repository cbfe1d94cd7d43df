package jobs

import (
	"maps"
	"slices"
	"strings"
)

// share identifies an owner and a community, the unit of fair scheduling. A lane
// alternates between owners, then between the communities of an owner; the jobs
// of a share run by priority and age.
type share string

func shareOf(owner, communityID string) share { return share(owner + " " + communityID) }

// owner returns "" for jobs of the server itself, which are not limited.
func (s share) owner() string {
	owner, _, _ := strings.Cut(string(s), " ")
	return owner
}

func (s share) community() string {
	_, communityID, _ := strings.Cut(string(s), " ")
	return communityID
}

// workersOf returns the number of workers of a lane on this node.
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

// fairLimit returns how many of a lane's workers one owner or community may use
// at a time.
func fairLimit(workers int) int { return (workers + 1) / 2 }

// usage counts the busy workers of a lane on this node by share.
type usage struct {
	workers     int
	running     int
	shares      map[share]int
	owners      map[string]int
	communities map[string]int
	served      *served
}

// served orders the shares of a lane by their last claim; the least recent is
// next.
type served struct {
	sequence int64
	owners   map[string]int64
	shares   map[share]int64
}

// maxServed bounds the size of served. A share without an entry counts as never
// served.
const maxServed = 10_000

func newServed() *served { return &served{owners: map[string]int64{}, shares: map[share]int64{}} }

func (s *served) clone() *served {
	if len(s.shares) > maxServed {
		return newServed()
	}
	return &served{s.sequence, maps.Clone(s.owners), maps.Clone(s.shares)}
}

func newUsage(workers int) *usage {
	return &usage{workers: workers, shares: map[share]int{}, owners: map[string]int{}, communities: map[string]int{}, served: newServed()}
}

func (u *usage) free() int { return max(0, u.workers-u.running) }

// adjust adds n busy workers, or removes them if n is negative.
func (u *usage) adjust(s share, n int) {
	u.running += n
	u.shares[s] += n
	u.owners[s.owner()] += n
	u.communities[s.community()] += n
}

// atLimit reports whether the owner or the community of a share is at its limit.
func (u *usage) atLimit(s share) bool {
	limit := fairLimit(u.workers)
	return s.owner() != "" && u.owners[s.owner()] >= limit || s.community() != "" && u.communities[s.community()] >= limit
}

// next returns the waiting share to serve next; ok is false if all are at their
// limit.
func (u *usage) next(waiting []share) (chosen share, ok bool) {
	for _, s := range waiting {
		if u.atLimit(s) || ok && !u.before(s, chosen) {
			continue
		}
		chosen, ok = s, true
	}
	return chosen, ok
}

// before reports whether a is served before b: first the owner with fewer
// running jobs, then the least recently served owner; then the same for shares.
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

// assign counts a worker for s and makes s the most recently served share.
func (u *usage) assign(s share) {
	u.adjust(s, 1)
	u.served.sequence++
	u.served.owners[s.owner()], u.served.shares[s] = u.served.sequence, u.served.sequence
}

// quota is the number of jobs to claim of a share.
type quota struct {
	share share
	n     int
}

// allocate distributes the free workers over the waiting shares, as if each had
// enough jobs.
func (u *usage) allocate(waiting []share) (quotas []quota) {
	for u.free() > 0 {
		s, ok := u.next(waiting)
		if !ok {
			break
		}
		u.assign(s)
		i := slices.IndexFunc(quotas, func(q quota) bool { return q.share == s })
		if i < 0 {
			i, quotas = len(quotas), append(quotas, quota{share: s})
		}
		quotas[i].n++
	}
	return quotas
}
