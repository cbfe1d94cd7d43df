package source

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// Slots limit the compressed files and workbooks that are open at the same time.
// Jobs need none: the number of workers limits them.
type Slots struct {
	taken chan struct{}
	wait  time.Duration
}

// NewSlots returns a number of slots, for which callers wait at most the given
// time.
func NewSlots(most int, wait time.Duration) *Slots {
	return &Slots{taken: make(chan struct{}, most), wait: wait}
}

// Release frees a slot.
func (p *Slots) Release() { <-p.taken }

// Acquire waits briefly for a slot, which Release frees. It fails with
// Unavailable "files_busy", or with the error of ctx.
func (p *Slots) Acquire(ctx context.Context) error {
	select {
	case p.taken <- struct{}{}:
		return nil
	default:
	}
	late := time.NewTimer(p.wait)
	defer late.Stop()
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-late.C:
		return errs.New(errs.Unavailable, "files_busy", "Too many files are being inspected. Try again in a moment.").WithRetry(max(p.wait, time.Second))
	}
}

// InUse returns the number of acquired slots.
func (p *Slots) InUse() int { return len(p.taken) }
