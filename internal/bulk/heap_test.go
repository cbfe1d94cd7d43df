package bulk

import (
	"runtime/debug"
	"testing"
)

func TestTheCollectorIsAsItWasWhenTheLastJobEnds(t *testing.T) {
	was := debug.SetGCPercent(leastGrowth)
	defer debug.SetGCPercent(was)
	var g growth
	first := g.begin()
	second := g.begin()
	g.adapt()
	first()
	second()
	if now := debug.SetGCPercent(leastGrowth); now != leastGrowth {
		t.Errorf("%d %% stayed", now)
	}
	debug.SetGCPercent(50)
	end := g.begin()
	g.adapt()
	end()
	if now := debug.SetGCPercent(leastGrowth); now != 50 {
		t.Errorf("%d %% in place of what somebody had chosen", now)
	}
}

func TestAHeapGrowsToItsFloorAndAnyHeapAsGoLetsIt(t *testing.T) {
	for live, want := range map[uint64]int{0: mostGrowth, 9 << 20: 300, 15 << 20: 140, 30 << 20: 100, 1 << 30: 100} {
		if got := growthFor(live); got != want {
			t.Errorf("%d bytes live: %d %%, want %d", live, got, want)
		}
	}
}
