package bulk

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"slices"

	"github.com/regulars/regulars/internal/sheet"
)

// repeats knows the keys that stand in a file more than once, by their hash,
// and roughly which stand in it at all. It may take a key for one that it is
// not, never the other way: somebody is carried along for nothing then.
type repeats struct {
	seed   maphash.Seed
	hashes []sighting // sorted by hash, each with the last line that has it
	marks  []uint64   // a Bloom filter of all keys
}

// filterBits makes a filter of 8 MiB, which is right 99 times of 100 up to
// six million keys.
const filterBits = 1 << 26

// spots are the bits of a hash in the filter.
func spots(h uint64) [4]uint64 {
	var at [4]uint64
	for i := range at {
		at[i] = (h + uint64(i)*(h>>32|1)) % filterBits
	}
	return at
}

func (s *repeats) mark(h uint64) {
	for _, at := range spots(h) {
		s.marks[at/64] |= 1 << (at % 64)
	}
}

// mentions reports whether a key stands in the file, perhaps.
func (s *repeats) mentions(k identity) bool {
	for _, at := range spots(k.hash(s.seed)) {
		if s.marks[at/64]&(1<<(at%64)) == 0 {
			return false
		}
	}
	return true
}

// sighting is a key on a line.
type sighting struct {
	hash uint64
	line int
}

func byHash(a, b sighting) int { return cmp.Or(cmp.Compare(a.hash, b.hash), a.line-b.line) }

// hashesAtOnce bounds the memory of one reading: 16 MiB.
const hashesAtOnce = 1 << 20

// findRepeats reads the file for its keys alone, as often as it takes to look
// at a bounded number of hashes at a time.
func (r *run) findRepeats(ctx context.Context, ru *rules, l *layout) (*repeats, error) {
	found := &repeats{seed: maphash.MakeSeed(), marks: make([]uint64, filterBits/64)}
	readings := uint64(1)
	for share := uint64(0); share < readings; share++ {
		hashes, rows, err := r.hashKeys(ctx, ru, l, found, share, readings)
		if err != nil {
			return nil, err
		}
		if share == 0 && readings == 1 && hashes == nil {
			readings = uint64(rows)*2/hashesAtOnce + 1
			hashes, _, err = r.hashKeys(ctx, ru, l, found, 0, readings)
			if err != nil {
				return nil, err
			}
		}
		found.keepRepeated(hashes)
	}
	slices.SortFunc(found.hashes, byHash)
	return found, nil
}

func (s *repeats) keepRepeated(all []sighting) {
	slices.SortFunc(all, byHash)
	for i := 1; i < len(all); i++ {
		if all[i].hash != all[i-1].hash || i+1 < len(all) && all[i+1].hash == all[i].hash {
			continue // alone, or not the last one
		}
		s.hashes = append(s.hashes, all[i])
	}
}

// hashKeys returns the hashes of one share of the file's keys. While there is
// but one share and it grows too large, it returns nil and how many rows the
// file has.
func (r *run) hashKeys(ctx context.Context, ru *rules, l *layout, found *repeats, share, shares uint64) (hashes []sighting, rows int, err error) {
	table, err := r.openTable(&r.job)
	if err != nil {
		return nil, 0, err
	}
	defer table.close()
	p, rd := planner{rules: ru}, newReader(l, r.job.formats(), ru.open)
	hashes = make([]sighting, 0, 1024)
	var src sheet.Row
	for {
		switch err := table.Next(&src); {
		case errors.Is(err, io.EOF):
			return hashes, rows, nil
		case err != nil:
			return nil, rows, err
		case rows%1024 == 0 && ctx.Err() != nil:
			return nil, rows, context.Cause(ctx)
		}
		rows++
		read := rd.read(&src)
		for _, k := range p.lookups(&read) {
			h := k.hash(found.seed)
			if share == 0 {
				found.mark(h)
			}
			if h%shares == share && hashes != nil {
				hashes = append(hashes, sighting{h, src.Line})
			}
		}
		if shares == 1 && len(hashes) > hashesAtOnce {
			hashes = nil // go on counting rows
		}
	}
}

func (k identity) hash(seed maphash.Seed) uint64 { return maphash.Comparable(seed, k) }

// last returns the last line that has a key which repeats.
func (s *repeats) last(k identity) (line int, repeats bool) {
	i, found := slices.BinarySearchFunc(s.hashes, k.hash(s.seed), func(a sighting, h uint64) int { return cmp.Compare(a.hash, h) })
	if !found {
		return 0, false
	}
	return s.hashes[i].line, true
}
