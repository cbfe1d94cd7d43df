// Package collector paces the garbage collector of the process: late while a bulk job
// runs, and early while little is allocated, so that idle connections need little memory.
package collector

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// heapFloor is the heap size below which garbage is not collected during a bulk
// job. Collections of a smaller heap would cost a tenth of the time and save
// no peak memory.
const heapFloor = 36 << 20

// The range of the GC percentage during bulk jobs, and the default of Go. A large heap
// grows by less than the default, for the peak of memory.
const (
	jobPercent     = 70
	defaultPercent = 100
	maxPercent     = 300
)

// Without a job, the heap grows by what is allocated in pause before garbage is
// collected, but by smallest at least.
const (
	pause       = 10 * time.Second
	smallest    = 12 << 20
	idlePercent = 10
	tick        = 250 * time.Millisecond
	newest      = 0.1 // part of the last tick in the rate of allocation, which follows in 2 seconds
)

// pacer sets the GC percentage of the process.
type pacer struct {
	mutex   sync.Mutex
	jobs    int
	percent int // as it was set last
	heap    heap
	rate    float64 // allocated bytes a second, of late
}

// heap is the state of the memory of the process, in bytes.
type heap struct {
	percent   int
	allocated uint64 // since the start
	live      uint64 // after the last collection
	stacks    uint64
	at        time.Time
}

var process = pacer{percent: defaultPercent}

// BeginJob lets garbage grow for a bulk job until end is called.
func BeginJob() (end func()) { return process.begin() }

// Adapt adapts the pace of a bulk job to the present heap.
func Adapt() { process.adapt() }

// Run adapts the pace while no bulk job runs, until ctx ends. A percentage that the operator
// has chosen, such as with GOGC, is not changed.
func Run(ctx context.Context) {
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-every.C:
			process.idle(now)
		}
	}
}

func (g *pacer) begin() (end func()) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.jobs++; g.jobs == 1 {
		g.set(read().percent, defaultPercent)
	}
	return g.end
}

func (g *pacer) end() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.jobs--; g.jobs == 0 {
		g.set(read().percent, defaultPercent)
	}
}

func (g *pacer) adapt() {
	h := read()
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if percent := percentOfJob(h.live); percent <= g.percent-20 || percent >= g.percent+20 {
		g.set(h.percent, percent) // each change stops the program briefly
	}
}

// idle adapts the percentage while no job runs.
func (g *pacer) idle(now time.Time) {
	h := read()
	h.at = now
	g.mutex.Lock()
	defer g.mutex.Unlock()
	before := g.heap
	g.heap = h
	over := now.Sub(before.at).Seconds()
	if before.at.IsZero() || over <= 0 {
		return
	}
	g.rate += newest * (float64(h.allocated-before.allocated)/over - g.rate)
	if g.jobs > 0 {
		return
	}
	if percent := percentOfIdle(h.live+h.stacks, g.rate); percent < g.percent*3/4 || percent > g.percent*5/4 {
		g.set(h.percent, percent)
	}
}

// set sets the percentage unless the present one is not ours.
func (g *pacer) set(present, percent int) {
	if present == g.percent && percent != present {
		g.percent = percent
		debug.SetGCPercent(percent)
	}
}

// percentOfJob is the percentage with which the heap grows to heapFloor.
func percentOfJob(live uint64) int {
	if live > heapFloor {
		return jobPercent
	}
	return min(max(int(100*heapFloor/max(live, 1<<20))-100, defaultPercent), maxPercent)
}

// percentOfIdle is the percentage with which a live heap and its stacks grow by the
// bytes of a pause.
func percentOfIdle(live uint64, rate float64) int {
	growth := max(rate*pause.Seconds(), smallest)
	return int(min(max(100*growth/float64(max(live, 1<<20)), idlePercent), defaultPercent))
}

func read() (h heap) {
	samples := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return heap{percent: int(samples[0].Value.Uint64()), allocated: samples[1].Value.Uint64(), live: samples[2].Value.Uint64(), stacks: samples[3].Value.Uint64()}
}
