package apply

import (
	"runtime/debug"
	"testing"
)

func TestGCPercentIsRestoredWhenTheLastJobEnds(t *testing.T) {
	was := debug.SetGCPercent(defaultPercent)
	defer debug.SetGCPercent(was)
	var g gcTuner
	first := g.begin()
	second := g.begin()
	g.adapt()
	first()
	second()
	if now := debug.SetGCPercent(defaultPercent); now != defaultPercent {
		t.Errorf("%d %% stayed", now)
	}
	debug.SetGCPercent(50)
	end := g.begin()
	g.adapt()
	end()
	if now := debug.SetGCPercent(defaultPercent); now != 50 {
		t.Errorf("%d %% in place of what somebody had chosen", now)
	}
}

func TestGCPercentLetsTheHeapGrowToItsFloor(t *testing.T) {
	for live, want := range map[uint64]int{0: maxPercent, 9 << 20: 300, 15 << 20: 140, 30 << 20: 100, 1 << 30: minPercent} {
		if got := gcPercentFor(live); got != want {
			t.Errorf("%d bytes live: %d %%, want %d", live, got, want)
		}
	}
}
