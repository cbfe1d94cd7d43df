package bulk

import "sync/atomic"

// memoryBudget divides a number of bytes evenly between the dry runs of this
// process. What does not fit goes to temporary files.
type memoryBudget struct {
	bytes   int64
	running atomic.Int64
}

// begin counts a dry run in until end is called.
func (m *memoryBudget) begin() (end func()) {
	m.running.Add(1)
	return func() { m.running.Add(-1) }
}

// share is the number of bytes one dry run may keep in memory now. It shrinks
// when another one starts.
func (m *memoryBudget) share() int64 { return m.bytes / max(m.running.Load(), 1) }
