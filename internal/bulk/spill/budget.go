package spill

import "sync/atomic"

// Budget divides a number of bytes evenly between the dry runs of this process.
// The rest of their data goes to temporary files.
type Budget struct {
	Bytes   int64
	running atomic.Int64
}

// Begin registers a dry run until end is called.
func (m *Budget) Begin() (end func()) {
	m.running.Add(1)
	return func() { m.running.Add(-1) }
}

// Share returns the bytes of memory of one dry run. It shrinks when another one
// begins.
func (m *Budget) Share() int64 { return m.Bytes / max(m.running.Load(), 1) }
