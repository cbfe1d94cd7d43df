package collector

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// withPercent runs a test with a GC percentage.
func withPercent(t *testing.T, percent int) {
	t.Helper()
	was := debug.SetGCPercent(percent)
	t.Cleanup(func() { debug.SetGCPercent(was) })
}

func TestPercentIsRestoredWhenTheLastJobEnds(t *testing.T) {
	withPercent(t, defaultPercent)
	g := pacer{percent: defaultPercent}
	first := g.begin()
	second := g.begin()
	g.adapt()
	first()
	second()
	if now := read().percent; now != defaultPercent {
		t.Errorf("%d %% stayed", now)
	}
}

func TestAChosenPercentStays(t *testing.T) {
	withPercent(t, 50)
	g := pacer{percent: defaultPercent}
	end := g.begin()
	g.adapt()
	end()
	g.idle(time.Unix(1, 0))
	g.idle(time.Unix(2, 0))
	if now := read().percent; now != 50 {
		t.Errorf("%d %% in place of what the operator had chosen", now)
	}
}

func TestHeapGrowsToItsFloorDuringAJob(t *testing.T) {
	for live, want := range map[uint64]int{0: maxPercent, 9 << 20: 300, 15 << 20: 140, 30 << 20: 100, 1 << 30: jobPercent} {
		if got := percentOfJob(live); got != want {
			t.Errorf("%d bytes live: %d %%, want %d", live, got, want)
		}
	}
}

func TestIdleHeapGrowsByWhatIsAllocatedInAPause(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		live uint64
		rate float64
		want int
	}{{0, 0, 100}, {10 * mb, 0, 100}, {48 * mb, 0, 25}, {240 * mb, 0, 10}, {2400 * mb, 0, 10}, {240 * mb, 6 * mb, 25}, {240 * mb, 100 * mb, 100}} {
		if got := percentOfIdle(c.live, c.rate); got != c.want {
			t.Errorf("%d bytes live, %.0f a second: %d %%, want %d", c.live, c.rate, got, c.want)
		}
	}
}

func TestQuietProcessCollectsEarly(t *testing.T) {
	withPercent(t, defaultPercent)
	large := make([][]byte, 200) // live
	for i := range large {
		large[i] = make([]byte, 1<<20)
	}
	runtime.GC()
	g := pacer{percent: defaultPercent}
	at := time.Unix(0, 0)
	for range 3 {
		at = at.Add(time.Minute)
		g.idle(at)
	}
	if now := read().percent; now > 20 {
		t.Errorf("%d %% of 200 MB while nothing is allocated", now)
	}
	for range 20 {
		for i := range large {
			large[i] = make([]byte, 1<<20)
		}
	}
	g.idle(at.Add(time.Second))
	if now := read().percent; now < defaultPercent*3/4 {
		t.Errorf("%d %% while 4 GB a second are allocated", now)
	}
	runtime.KeepAlive(large)
}
