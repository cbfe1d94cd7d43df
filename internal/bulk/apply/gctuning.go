package apply

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapFloor is the heap size below which garbage is not collected during an
// import. Collections of a smaller heap would cost a tenth of the time and save
// no peak memory.
const heapFloor = 36 << 20

// The range of the GC percentage, and the default of Go. A large heap grows by less
// than the default, for the peak of memory.
const (
	minPercent     = 70
	defaultPercent = 100
	maxPercent     = 300
)

// gcTuner adapts the GC percentage while bulk jobs run. It is shared by all jobs
// of the process.
type gcTuner struct {
	mutex   sync.Mutex
	jobs    int
	percent int
	chosen  bool // the percentage was configured and is not changed
}

var gc gcTuner

// begin registers a job until end is called.
func (g *gcTuner) begin() (end func()) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.jobs++
	if g.jobs == 1 {
		before := debug.SetGCPercent(defaultPercent)
		g.percent, g.chosen = defaultPercent, before != defaultPercent
		if g.chosen {
			debug.SetGCPercent(before)
		}
	}
	return g.end
}

func (g *gcTuner) end() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.jobs--
	if g.jobs == 0 && !g.chosen {
		debug.SetGCPercent(defaultPercent)
	}
}

// adapt sets the percentage for the present live heap.
func (g *gcTuner) adapt() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	percent := gcPercentFor(live[0].Value.Uint64())
	if near := percent - g.percent; g.chosen || near > -20 && near < 20 {
		return // each change stops the program briefly
	}
	g.percent = percent
	debug.SetGCPercent(percent)
}

// gcPercentFor is the percentage with which the heap grows to heapFloor.
func gcPercentFor(live uint64) int {
	if live > heapFloor {
		return minPercent
	}
	return min(max(int(100*heapFloor/max(live, 1<<20))-100, defaultPercent), maxPercent)
}
