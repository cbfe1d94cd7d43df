package source

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

func TestFileWaitsForASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewSlots(1, 2*time.Second)
		if err := p.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Acquire(t.Context()); !errs.Is(err, "files_busy") || errs.KindOf(err) != errs.Unavailable || errs.From(err).RetryAfter == 0 {
			t.Errorf("beyond the limit: %v", err)
		}
		go func() {
			time.Sleep(time.Second) // of the bubble, whose clock needs no time
			p.Release()
		}()
		if err := p.Acquire(t.Context()); err != nil {
			t.Errorf("a place that becomes free in time: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Acquire(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that leaves: %v", err)
		}
	})
}
