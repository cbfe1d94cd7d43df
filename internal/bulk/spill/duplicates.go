package spill

import (
	"context"
	"slices"
)

// Duplicates are the hashes of keys that occur more than once in a file, with a
// filter of all keys. There are false positives and no false negatives.
type Duplicates struct {
	filter bloomFilter  // of all keys
	hashes []occurrence // of repeated keys, in order, each with its last line; nil if they are in file
	file   *sortedFile  // nil: hashes has all
}

// Close deletes the temporary file.
func (s *Duplicates) Close() {
	if s.file != nil {
		s.file.Close()
	}
}

// MayOccur reports whether a key may occur in the file.
func (s *Duplicates) MayOccur(hash uint64) bool { return s.filter.has(hash) }

// LastLine returns the last line of a key that occurs more than once.
func (s *Duplicates) LastLine(hash uint64) (line int64, repeats bool, err error) {
	hashes := s.hashes
	if s.file != nil {
		if hashes, err = s.file.section(hash); err != nil {
			return 0, false, err
		}
	}
	i, found := slices.BinarySearchFunc(hashes, hash, func(a occurrence, h uint64) int { return byHash(occurrence{a.hash, 0}, occurrence{h, 0}) })
	if !found {
		return 0, false, nil
	}
	return hashes[i].line, true, nil
}

// FindDuplicates sorts the keys that read visits, in a quarter of the memory of
// the dry run, and in temporary files if there are more.
func FindDuplicates(ctx context.Context, files Files, budget *Budget, read func(visit func(hash uint64, line int) error) error) (_ *Duplicates, err error) {
	found := &Duplicates{}
	sorter := &sorter{Files: files, limit: func() int64 { return budget.Share() / 4 }}
	defer sorter.close()
	if err := read(func(hash uint64, line int) error { return sorter.add(ctx, occurrence{hash, int64(line)}) }); err != nil {
		return nil, err
	}
	found.filter = newBloomFilter(sorter.total, budget.Share()/4)
	out := &sortedWriter{Files: files, limit: sorter.limit}
	last, times := occurrence{}, 0
	end := func() error {
		if times > 1 {
			return out.add(ctx, last)
		}
		return nil
	}
	err = sorter.each(func(s occurrence) error {
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

// bloomFilter is a Bloom filter.
type bloomFilter []uint64

// newBloomFilter returns a filter with 8 to 16 bits for each key, or of the given
// size if that is less.
func newBloomFilter(keys, maxBytes int64) bloomFilter {
	words := int64(16)
	for words*64 < 8*keys && 2*words*8 <= maxBytes {
		words *= 2
	}
	return make(bloomFilter, words)
}

// bits are the positions of the bits of a hash.
func (f bloomFilter) bits(h uint64) [4]uint64 {
	var at [4]uint64
	for i := range at {
		at[i] = (h + uint64(i)*(h>>32|1)) & (uint64(len(f))*64 - 1) //nolint:gosec // 0 to 3
	}
	return at
}

func (f bloomFilter) add(h uint64) {
	for _, at := range f.bits(h) {
		f[at/64] |= 1 << (at % 64)
	}
}

func (f bloomFilter) has(h uint64) bool {
	for _, at := range f.bits(h) {
		if f[at/64]&(1<<(at%64)) == 0 {
			return false
		}
	}
	return true
}
