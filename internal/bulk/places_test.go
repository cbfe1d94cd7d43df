package bulk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// HoldPlaces takes every place for files of uploads and for those of jobs that
// are shown.
func (b *Bulk) HoldPlaces() (release func()) {
	for range cap(b.inspecting.taken) {
		b.inspecting.taken <- struct{}{}
		b.looking.taken <- struct{}{}
	}
	return func() {
		for range cap(b.inspecting.taken) {
			b.inspecting.free()
			b.looking.free()
		}
	}
}

// PlacesTaken is how many places are not free.
func (b *Bulk) PlacesTaken() int { return len(b.inspecting.taken) + len(b.looking.taken) }

func TestAFileWaitsAMomentForItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(1, 2*time.Second)
		if err := p.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.acquire(t.Context()); !errs.Is(err, "files_busy") || errs.KindOf(err) != errs.Unavailable || errs.From(err).RetryAfter == 0 {
			t.Errorf("beyond the limit: %v", err)
		}
		go func() {
			time.Sleep(time.Second) // of the bubble, whose clock needs no time
			p.free()
		}()
		if err := p.acquire(t.Context()); err != nil {
			t.Errorf("a place that becomes free in time: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.acquire(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that leaves: %v", err)
		}
	})
}
