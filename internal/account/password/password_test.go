package password

import (
	"context"
	"strings"
	"testing"
)

func TestAHashGivesWayWhenItsCallerIsGone(t *testing.T) {
	h := NewHasher(Cost{})
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, "x"); err == nil {
		t.Error("hashed beyond the bound")
	}
}

func TestHashOfAnotherCostIsVerifiedAndOutdated(t *testing.T) {
	cheap, standard := NewHasher(Cost{Memory: 64, Passes: 1, Lanes: 1}), NewHasher(Cost{})
	hash, err := cheap.Hash(t.Context(), "correct-horse-battery")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("%s, %v", hash, err)
	}
	for h, want := range map[*Hasher]bool{cheap: false, standard: true} {
		if right, outdated, err := h.Verify(t.Context(), hash, "correct-horse-battery"); !right || outdated != want || err != nil {
			t.Errorf("%t %t %v, want outdated %t", right, outdated, err, want)
		}
	}
}
