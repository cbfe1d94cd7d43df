package spill

import (
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

const occurrenceBytes = 16

func (s occurrence) appendTo(b []byte) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, s.hash), uint64(s.line)) //nolint:gosec // read back the same way
}

func readOccurrence(b []byte) occurrence {
	return occurrence{binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:]))} //nolint:gosec // was an int64
}

// sorter sorts any number of occurrences in limited memory: sorted runs are
// written to a temporary file and merged.
type sorter struct {
	Files
	limit  func() int64 // bytes in memory
	memory []occurrence
	total  int64
	file   *File
	runs   []int64 // the end of each run in the file
}

func (s *sorter) close() {
	if s.file != nil {
		s.file.Close()
	}
}

func (s *sorter) add(ctx context.Context, one occurrence) error {
	if n := len(s.memory); n == cap(s.memory) && n > 0 {
		if int64(n)*2*occurrenceBytes > s.limit() {
			if err := s.spill(ctx); err != nil {
				return err
			}
		}
	}
	s.total++
	s.memory = append(s.memory, one)
	return nil
}

func (s *sorter) spill(ctx context.Context) (err error) {
	if s.file == nil {
		if s.file, err = s.Create(ctx); err != nil {
			return err
		}
	}
	slices.SortFunc(s.memory, byHash)
	if err := appendOccurrences(ctx, s.file, s.memory); err != nil {
		return err
	}
	s.runs, s.memory = append(s.runs, s.file.Size), s.memory[:0]
	return nil
}

func appendOccurrences(ctx context.Context, f *File, list []occurrence) error {
	buffer := make([]byte, 0, BufferBytes)
	for chunk := range slices.Chunk(list, BufferBytes/occurrenceBytes) {
		buffer = buffer[:0]
		for _, one := range chunk {
			buffer = one.appendTo(buffer)
		}
		if err := f.Append(ctx, buffer); err != nil {
			return err
		}
	}
	return nil
}

// each visits all occurrences in order.
func (s *sorter) each(visit func(occurrence) error) error {
	slices.SortFunc(s.memory, byHash)
	var runs sortedRuns
	if len(s.memory) > 0 {
		runs = append(runs, &sortedRun{buffer: s.memory})
	}
	from := int64(0)
	for _, to := range s.runs {
		r := &sortedRun{file: io.NewSectionReader(s.file, from, to-from)}
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

// sortedRun is a sorted run; buffer[next] is its next occurrence.
type sortedRun struct {
	buffer []occurrence
	next   int
	file   *io.SectionReader // nil: everything is in buffer
}

// runBuffer is the size in bytes of the part of a run in memory.
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
	for at := 0; at < n; at += occurrenceBytes {
		r.buffer = append(r.buffer, readOccurrence(part[at:]))
	}
	return nil
}

// sortedRuns is a heap of runs, ordered by their next occurrence.
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

// sortedWriter stores occurrences that arrive in order, in a file if they exceed
// the limit.
type sortedWriter struct {
	Files
	limit  func() int64
	memory []occurrence
	file   *sortedFile
}

func (w *sortedWriter) close() {
	if w.file != nil {
		w.file.Close()
	}
}

func (w *sortedWriter) add(ctx context.Context, s occurrence) error {
	w.memory = append(w.memory, s)
	if int64(cap(w.memory))*occurrenceBytes <= w.limit() || w.file != nil && len(w.memory) < BufferBytes/occurrenceBytes {
		return nil
	}
	return w.flush(ctx)
}

func (w *sortedWriter) flush(ctx context.Context) error {
	if w.file == nil {
		file, err := w.Create(ctx)
		if err != nil {
			return err
		}
		w.file = &sortedFile{File: file, ends: make([]uint32, sections)}
	}
	for _, s := range w.memory {
		w.file.ends[s.hash>>sectionShift]++
	}
	err := appendOccurrences(ctx, w.file.File, w.memory)
	w.memory = make([]occurrence, 0, BufferBytes/occurrenceBytes)
	return err
}

func (w *sortedWriter) finish(ctx context.Context) ([]occurrence, *sortedFile, error) {
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

// sortedFile is a file of occurrences in order. The highest bits of a hash are
// the number of its section.
type sortedFile struct {
	*File
	ends   []uint32 // of each section, in occurrences
	buffer []byte
	list   []occurrence
}

const (
	sectionShift = 48
	sections     = 1 << (64 - sectionShift)
)

// section returns the section of a hash. It is valid until the next call.
func (f *sortedFile) section(hash uint64) ([]occurrence, error) {
	section, from := hash>>sectionShift, uint32(0)
	if section > 0 {
		from = f.ends[section-1]
	}
	size := int(f.ends[section]-from) * occurrenceBytes
	if cap(f.buffer) < size {
		f.buffer = make([]byte, 2*size)
	}
	part := f.buffer[:size]
	if _, err := f.ReadAt(part, int64(from)*occurrenceBytes); err != nil {
		return nil, err
	}
	f.list = f.list[:0]
	for at := 0; at < size; at += occurrenceBytes {
		f.list = append(f.list, readOccurrence(part[at:]))
	}
	return f.list, nil
}

// occurrence is a key on a line of the file.
type occurrence struct {
	hash uint64
	line int64
}

func byHash(a, b occurrence) int {
	switch {
	case a.hash < b.hash:
		return -1
	case a.hash > b.hash:
		return 1
	}
	return int(a.line - b.line)
}
