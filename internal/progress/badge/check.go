package badge

import (
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/progress/gain"
)

// CheckArgs are the arguments of the job that checks members who earned something. Package
// award runs it.
type CheckArgs struct{ gain.Members }

// Kind is the kind of the job.
func (CheckArgs) Kind() string { return "badge.check" }

// Gains counts what members earned for badges.
func Gains() gain.Counter {
	return gain.Counter{Counts: countsEarned, Check: func(m gain.Members) jobs.Args { return CheckArgs{m} }}
}
