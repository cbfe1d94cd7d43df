package bulk

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet"
)

// repeats knows by their hashes which keys occur more than once in a file, and
// roughly which occur at all. A false positive only carries a person along for
// nothing; there are no false negatives.
type repeats struct {
	seed   maphash.Seed
	kinds  map[string]bool // kinds of keys the file has a column for
	filter keyFilter       // of all keys
	hashes []sighting      // of repeated keys, sorted, each with its last line; nil if they are in file
	file   *sightingFile
}

// sighting is a key on a line.
type sighting struct {
	hash uint64
	line int64
}

func byHash(a, b sighting) int {
	switch {
	case a.hash < b.hash:
		return -1
	case a.hash > b.hash:
		return 1
	}
	return int(a.line - b.line)
}

func (k identity) hash(seed maphash.Seed) uint64 { return maphash.Comparable(seed, k) }

func (s *repeats) close() {
	if s.file != nil {
		s.file.close()
	}
}

// mentions reports whether a key may occur in the file.
func (s *repeats) mentions(k identity, hash uint64) bool {
	return s.kinds[k.field] && s.filter.has(hash)
}

// last returns the last line with a key that occurs more than once.
func (s *repeats) last(hash uint64) (line int64, repeats bool, err error) {
	hashes := s.hashes
	if s.file != nil {
		if hashes, err = s.file.near(hash); err != nil {
			return 0, false, err
		}
	}
	i, found := slices.BinarySearchFunc(hashes, hash, func(a sighting, h uint64) int { return byHash(sighting{a.hash, 0}, sighting{h, 0}) })
	if !found {
		return 0, false, nil
	}
	return hashes[i].line, true, nil
}

// readAtOnce is the number of rows after which the first reading uses their
// memory again.
const readAtOnce = 1_024

// findRepeats reads the file for its keys alone. Their hashes are sorted in a
// quarter of the memory of the dry run, in temporary files where there are more.
func (h *rehearsal) findRepeats(ctx context.Context, l *layout) (_ *repeats, err error) {
	found := &repeats{seed: maphash.MakeSeed(), kinds: l.kindsOfKeys()}
	sorter := &sightingSorter{spiller: h.spiller(), limit: func() int64 { return h.memory.share() / 4 }}
	defer sorter.close()
	if err := h.readKeys(ctx, l.keysOnly(), func(k identity, line int) error {
		return sorter.add(ctx, sighting{k.hash(found.seed), int64(line)})
	}); err != nil {
		return nil, err
	}
	found.filter = newKeyFilter(sorter.total, h.memory.share()/4)
	out := &sightingWriter{spiller: h.spiller(), limit: sorter.limit}
	last, times := sighting{}, 0
	end := func() error {
		if times > 1 {
			return out.add(ctx, last)
		}
		return nil
	}
	err = sorter.each(func(s sighting) error {
		if times > 0 && s.hash == last.hash {
			last, times = s, times+1
			return nil
		}
		if err := end(); err != nil {
			return err
		}
		found.filter.add(s.hash)
		last, times = s, 1
		return nil
	})
	if err == nil {
		err = end()
	}
	if err == nil {
		found.hashes, found.file, err = out.finish(ctx)
	}
	if err != nil {
		out.close()
		return nil, err
	}
	return found, nil
}

// readKeys visits the keys of each row of the file.
func (h *rehearsal) readKeys(ctx context.Context, l *layout, visit func(k identity, line int) error) error {
	table, err := h.openTable(ctx, &h.job, nil)
	if err != nil {
		return err
	}
	defer table.close()
	p, rd := planner{rules: h.rules}, newReader(l, h.job.formats(), h.rules.open)
	var src sheet.Row
	for n := 0; ; n++ {
		if n%readAtOnce == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if h.mayYield() && h.queued.ShouldYield() {
				return jobs.ErrYielded
			}
			rd.reuse(&piece{blocks: rd.blocks})
			rd.begin(0)
		}
		if err := table.Next(&src); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		read := rd.read(&src)
		for _, k := range p.lookups(&read) {
			if err := visit(k, src.Line); err != nil {
				return err
			}
		}
	}
}

// kindsOfKeys are the kinds of keys the file has a column for.
func (l *layout) kindsOfKeys() map[string]bool {
	kinds := map[string]bool{}
	for i := range l.columns {
		c := &l.columns[i]
		switch {
		case c.userID:
			kinds[refKind] = true
		case c.field == nil:
		case c.field.Default:
			kinds[c.field.Field] = true
		default:
			kinds[c.field.ID] = true
		}
	}
	return kinds
}

// keysOnly is a layout that ignores every column that is part of no key.
func (l *layout) keysOnly() *layout {
	keys := &layout{columns: slices.Clone(l.columns), hasColumn: l.hasColumn, errorCode: l.errorCode}
	for i := range keys.columns {
		c := &keys.columns[i]
		switch {
		case c.userID || isKey(c.field):
		case isKey(c.operation):
			keys.operations = true
		default:
			*c = column{}
		}
	}
	return keys
}

func isKey(f *field.Field) bool {
	return f != nil && (f.Identifier || f.Default && (f.Field == field.EmailName || f.Field == field.Username))
}

// keyFilter is a Bloom filter.
type keyFilter []uint64

// newKeyFilter returns a filter with 8 to 16 bits for each key, or of the given
// size if that is less.
func newKeyFilter(keys, maxBytes int64) keyFilter {
	words := int64(16)
	for words*64 < 8*keys && 2*words*8 <= maxBytes {
		words *= 2
	}
	return make(keyFilter, words)
}

// spots are the bits of a hash.
func (f keyFilter) spots(h uint64) [4]uint64 {
	var at [4]uint64
	for i := range at {
		at[i] = (h + uint64(i)*(h>>32|1)) & (uint64(len(f))*64 - 1) //nolint:gosec // 0 to 3
	}
	return at
}

func (f keyFilter) add(h uint64) {
	for _, at := range f.spots(h) {
		f[at/64] |= 1 << (at % 64)
	}
}

func (f keyFilter) has(h uint64) bool {
	for _, at := range f.spots(h) {
		if f[at/64]&(1<<(at%64)) == 0 {
			return false
		}
	}
	return true
}
