package password

import (
	"context"
	"testing"
)

func TestAHashGivesWayWhenItsCallerIsGone(t *testing.T) {
	h := NewHasher()
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, "x"); err == nil {
		t.Error("hashed beyond the bound")
	}
}
