package bulk

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapFloor is the size the heap grows to anyway while a file of new people
// loads. To collect garbage at less, where little of it is in use, would take
// a tenth of the time of a job and save no memory at its peak.
const heapFloor = 36 << 20

// The bounds of what the collector waits for, in percent of what is in use;
// the lower is what Go does by itself.
const (
	leastGrowth = 100
	mostGrowth  = 300
)

// growth is how patient the collector is while bulk jobs run. It is one for
// the process, as the heap is.
type growth struct {
	mutex   sync.Mutex
	jobs    int
	percent int
	chosen  bool // somebody else has set the collector: it stays so
}

var collector growth

// begin is called before a job allocates, and its result when it has ended.
func (g *growth) begin() (end func()) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.jobs++
	if g.jobs == 1 {
		before := debug.SetGCPercent(leastGrowth)
		g.percent, g.chosen = leastGrowth, before != leastGrowth
		if g.chosen {
			debug.SetGCPercent(before)
		}
	}
	return g.end
}

func (g *growth) end() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.jobs--
	if g.jobs == 0 && !g.chosen {
		debug.SetGCPercent(leastGrowth)
	}
}

// adapt lets the heap grow to its floor.
func (g *growth) adapt() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	percent := growthFor(live[0].Value.Uint64())
	if near := percent - g.percent; g.chosen || near > -20 && near < 20 {
		return // each setting stops the program for a moment
	}
	g.percent = percent
	debug.SetGCPercent(percent)
}

// growthFor is the percentage that makes the heap grow to its floor.
func growthFor(live uint64) int {
	return min(max(int(100*heapFloor/max(live, 1<<20))-100, leastGrowth), mostGrowth)
}
