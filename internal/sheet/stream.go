package sheet

import (
	"errors"
	"fmt"
	"io"

	"github.com/regulars/regulars/internal/errs"
)

const (
	defaultMaxUnpacked = 1 << 30
	// A table packs 5 to 50 times; more than bombRatio is only made on purpose.
	bombRatio = 200
	// bombFloor is how much may be unpacked before the ratio counts.
	bombFloor = 10 << 20
)

// meter is a source that remembers how far it was read and what failed, so
// that a broken file can be told from a broken disk.
type meter struct {
	src    io.ReaderAt
	last   int64
	err    error
	budget int64 // bytes that may be read; < 0: any
}

var (
	errBudget = errors.New("the directory of the archive is too large")
	errPlace  = errors.New("an entry of the archive is outside of it")
)

func (m *meter) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // an archive that is broken says where to read
		return 0, errPlace
	}
	if m.budget >= 0 {
		if m.budget -= int64(len(p)); m.budget < 0 {
			return 0, errBudget
		}
	}
	n, err := m.src.ReadAt(p, off)
	m.last = off + int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

// stream is the unpacked bytes of a table. Seek is free in a plain file; a
// packed one is read on to the place, from its beginning when that is behind.
type stream struct {
	src    *meter
	size   int64 // of src
	offset int64 // of the next unpacked byte

	unpack    func() (io.ReadCloser, error) // nil when not packed
	unpacked  io.ReadCloser
	packedAt  int64 // where the packed bytes begin in src
	unpackMax int64
	ended     bool // unpacked to its end
}

func (s *stream) Read(p []byte) (int, error) {
	if s.unpack != nil {
		return s.readPacked(p)
	}
	left := s.size - s.offset
	if left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := s.src.ReadAt(p, s.offset)
	s.offset += int64(n)
	if n > 0 || err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) { // shorter than it was said to be
		err = io.ErrUnexpectedEOF
	}
	return 0, fmt.Errorf("read table: %w", err)
}

func (s *stream) readPacked(p []byte) (int, error) {
	if s.unpacked == nil {
		r, err := s.unpack()
		if err != nil {
			return 0, s.blame(err)
		}
		s.unpacked = r
	}
	n, err := s.unpacked.Read(p)
	s.offset += int64(n)
	if bomb := s.bomb(); bomb != nil {
		return 0, bomb.Because(ErrDamaged)
	}
	s.ended = errors.Is(err, io.EOF)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.blame(err)
	}
	return n, err
}

// bomb is what is wrong with what was unpacked so far, nil for nothing.
func (s *stream) bomb() *errs.Error {
	if s.offset > s.unpackMax {
		return errOverLimit(s.unpackMax)
	}
	return checkRatio(s.src.last-s.packedAt, s.offset)
}

// checkRatio refuses what unpacks to more times its size than any table.
func checkRatio(packed, unpacked int64) *errs.Error {
	if unpacked <= bombFloor || unpacked/bombRatio <= packed {
		return nil
	}
	return errs.New(errs.TooLarge, "zip_bomb", "The file is packed too tightly: %d bytes of it unpack to %d, and more than %d times its size is refused. Unpack it and send it as it is.", packed, unpacked, bombRatio)
}

func errOverLimit(limit int64) *errs.Error {
	return errs.New(errs.TooLarge, "zip_bomb", "The file unpacks to more than the limit of %d bytes; unpack it and send it in parts.", limit)
}

// blame tells a damaged file from a source that could not be read.
func (s *stream) blame(err error) error {
	if s.src.err != nil {
		return fmt.Errorf("read packed table: %w", s.src.err)
	}
	if errors.Is(err, io.EOF) { // which would pass for the end of the table
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("unpack table: %w: %w", ErrDamaged, err)
}

// start reads until p is full or the stream ends, which is no error.
func (s *stream) start(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = s.Read(p[n:])
		n += more
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// seek makes off the place of the next byte.
func (s *stream) seek(off int64) error {
	if s.unpack == nil {
		s.offset = off
		return nil
	}
	if off < s.offset {
		s.close()
	}
	if _, err := io.CopyN(io.Discard, s, off-s.offset); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// close ends the unpacking. What the unpacker says about that repeats what its
// Read said.
func (s *stream) close() {
	if s.unpacked != nil {
		_ = s.unpacked.Close()
	}
	s.unpacked, s.offset, s.ended = nil, 0, false
}

// done is how many bytes of the source are read, when the reader of the
// stream has come to the unpacked byte at.
func (s *stream) done(at int64) int64 {
	switch {
	case s.unpack == nil:
		return min(at, s.size)
	case s.ended:
		return s.size // what follows the packed bytes is never read
	}
	return min(s.src.last, s.size)
}
