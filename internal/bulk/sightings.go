package bulk

import (
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

const sightingBytes = 16

func (s sighting) appendTo(b []byte) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, s.hash), uint64(s.line)) //nolint:gosec // read back the same way
}

func readSighting(b []byte) sighting {
	return sighting{binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:]))} //nolint:gosec // was an int64
}

// sightingSorter sorts any number of sightings in a limited memory: sorted runs
// go to a temporary file and are merged.
type sightingSorter struct {
	spiller
	limit  func() int64 // bytes in memory
	memory []sighting
	total  int64
	file   *spillFile
	runs   []int64 // where each run in the file ends
}

func (s *sightingSorter) close() {
	if s.file != nil {
		s.file.close()
	}
}

func (s *sightingSorter) add(ctx context.Context, one sighting) error {
	if n := len(s.memory); n == cap(s.memory) && n > 0 {
		if int64(n)*2*sightingBytes > s.limit() {
			if err := s.spill(ctx); err != nil {
				return err
			}
		}
	}
	s.total++
	s.memory = append(s.memory, one)
	return nil
}

func (s *sightingSorter) spill(ctx context.Context) (err error) {
	if s.file == nil {
		if s.file, err = s.create(ctx); err != nil {
			return err
		}
	}
	slices.SortFunc(s.memory, byHash)
	if err := appendSightings(ctx, s.file, s.memory); err != nil {
		return err
	}
	s.runs, s.memory = append(s.runs, s.file.size), s.memory[:0]
	return nil
}

func appendSightings(ctx context.Context, f *spillFile, list []sighting) error {
	buffer := make([]byte, 0, spillBuffer)
	for chunk := range slices.Chunk(list, spillBuffer/sightingBytes) {
		buffer = buffer[:0]
		for _, one := range chunk {
			buffer = one.appendTo(buffer)
		}
		if err := f.append(ctx, buffer); err != nil {
			return err
		}
	}
	return nil
}

// each visits all sightings in order.
func (s *sightingSorter) each(visit func(sighting) error) error {
	slices.SortFunc(s.memory, byHash)
	var runs sortedRuns
	if len(s.memory) > 0 {
		runs = append(runs, &sortedRun{buffer: s.memory})
	}
	from := int64(0)
	for _, to := range s.runs {
		r := &sortedRun{file: io.NewSectionReader(s.file.file, from, to-from)}
		if err := r.fill(); err != nil {
			return err
		}
		runs, from = append(runs, r), to
	}
	heap.Init(&runs)
	for len(runs) > 0 {
		r := runs[0]
		if err := visit(r.buffer[r.next]); err != nil {
			return err
		}
		if r.next++; r.next == len(r.buffer) {
			if err := r.fill(); err != nil {
				return err
			}
		}
		if r.next == len(r.buffer) {
			heap.Pop(&runs)
		} else {
			heap.Fix(&runs, 0)
		}
	}
	return nil
}

// sortedRun is a run of sightings, of which buffer[next:] comes next.
type sortedRun struct {
	buffer []sighting
	next   int
	file   *io.SectionReader // nil: all is in buffer
}

// runBuffer is the size of the part of a run in memory.
const runBuffer = 4 << 10

func (r *sortedRun) fill() error {
	if r.file == nil {
		return nil
	}
	var part [runBuffer]byte
	n, err := io.ReadFull(r.file, part[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	r.buffer, r.next = r.buffer[:0], 0
	for at := 0; at < n; at += sightingBytes {
		r.buffer = append(r.buffer, readSighting(part[at:]))
	}
	return nil
}

// sortedRuns is a heap of runs by their next sighting.
type sortedRuns []*sortedRun

func (s sortedRuns) Len() int { return len(s) }
func (s sortedRuns) Less(i, j int) bool {
	return byHash(s[i].buffer[s[i].next], s[j].buffer[s[j].next]) < 0
}
func (s sortedRuns) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *sortedRuns) Push(x any)   { *s = append(*s, x.(*sortedRun)) }

func (s *sortedRuns) Pop() any {
	last := len(*s) - 1
	r := (*s)[last]
	*s = (*s)[:last]
	return r
}

// sightingWriter keeps sightings that come in order, in a file if they exceed
// the limit.
type sightingWriter struct {
	spiller
	limit  func() int64
	memory []sighting
	file   *sightingFile
}

func (w *sightingWriter) close() {
	if w.file != nil {
		w.file.close()
	}
}

func (w *sightingWriter) add(ctx context.Context, s sighting) error {
	w.memory = append(w.memory, s)
	if int64(cap(w.memory))*sightingBytes <= w.limit() || w.file != nil && len(w.memory) < spillBuffer/sightingBytes {
		return nil
	}
	return w.flush(ctx)
}

func (w *sightingWriter) flush(ctx context.Context) error {
	if w.file == nil {
		file, err := w.create(ctx)
		if err != nil {
			return err
		}
		w.file = &sightingFile{spillFile: file, ends: make([]uint32, sections)}
	}
	for _, s := range w.memory {
		w.file.ends[s.hash>>sectionShift]++
	}
	err := appendSightings(ctx, w.file.spillFile, w.memory)
	w.memory = make([]sighting, 0, spillBuffer/sightingBytes)
	return err
}

func (w *sightingWriter) finish(ctx context.Context) ([]sighting, *sightingFile, error) {
	if w.file == nil {
		return w.memory, nil, nil
	}
	if err := w.flush(ctx); err != nil {
		return nil, nil, err
	}
	sum := uint32(0)
	for i, n := range w.file.ends {
		sum += n
		w.file.ends[i] = sum
	}
	w.memory = nil
	return nil, w.file, nil
}

// sightingFile is a file of sightings in order. The highest bits of a hash name
// the section it is in.
type sightingFile struct {
	*spillFile
	ends   []uint32 // of each section, in sightings
	buffer []byte
	list   []sighting
}

const (
	sectionShift = 48
	sections     = 1 << (64 - sectionShift)
)

// near returns the section of a hash. It is good until the next call.
func (f *sightingFile) near(hash uint64) ([]sighting, error) {
	section, from := hash>>sectionShift, uint32(0)
	if section > 0 {
		from = f.ends[section-1]
	}
	size := int(f.ends[section]-from) * sightingBytes
	if cap(f.buffer) < size {
		f.buffer = make([]byte, 2*size)
	}
	part := f.buffer[:size]
	if _, err := f.file.ReadAt(part, int64(from)*sightingBytes); err != nil {
		return nil, err
	}
	f.list = f.list[:0]
	for at := 0; at < size; at += sightingBytes {
		f.list = append(f.list, readSighting(part[at:]))
	}
	return f.list, nil
}
