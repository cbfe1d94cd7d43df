package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/source"
)

// AcquireAllSlots acquires the slots for uploads and for details.
func (b *Bulk) AcquireAllSlots() (release func()) {
	for range b.limits.FilesAtOnce {
		for _, p := range []*source.Slots{b.uploadSlots, b.detailSlots} {
			if err := p.Acquire(context.Background()); err != nil {
				panic(err) //nolint:forbidigo // the slots of a test are free
			}
		}
	}
	return func() {
		for range b.limits.FilesAtOnce {
			b.uploadSlots.Release()
			b.detailSlots.Release()
		}
	}
}

// SlotsInUse is the number of acquired slots.
func (b *Bulk) SlotsInUse() int { return b.uploadSlots.InUse() + b.detailSlots.InUse() }
