package sheet

import (
	"errors"
	"fmt"
	"io"

	"github.com/regulars/regulars/internal/errs"
)

const (
	defaultMaxUnpacked = 1 << 30
	// Tables compress 5 to 50 times; a ratio over bombRatio is deliberate.
	bombRatio = 200
	// bombFloor is the unpacked size below which the ratio is not checked.
	bombFloor = 10 << 20
)

// meteredReader records the last position and error of its source, which
// distinguishes a broken file from a broken disk.
type meteredReader struct {
	src    io.ReaderAt
	last   int64
	err    error
	budget int64 // bytes that may still be read; < 0: unlimited
}

var (
	errDirectoryTooLarge = errors.New("the directory of the archive is too large")
	errOutsideArchive    = errors.New("an entry of the archive is outside of it")
)

func (m *meteredReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // from a broken archive
		return 0, errOutsideArchive
	}
	if m.budget >= 0 {
		if m.budget -= int64(len(p)); m.budget < 0 {
			return 0, errDirectoryTooLarge
		}
	}
	n, err := m.src.ReadAt(p, off)
	m.last = off + int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

// stream is the unpacked content of a file. Seeking is free if it is not
// packed; otherwise it reads up to the position, from the beginning if that is
// behind.
type stream struct {
	src    *meteredReader
	size   int64 // of src
	offset int64 // of the next unpacked byte

	unpack    func() (io.ReadCloser, error) // nil if not packed
	unpacked  io.ReadCloser
	packedAt  int64 // start of the packed bytes in src
	unpackMax int64
	ended     bool // unpacked to the end
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
	if errors.Is(err, io.EOF) { // shorter than size
		err = io.ErrUnexpectedEOF
	}
	return 0, fmt.Errorf("read table: %w", err)
}

func (s *stream) readPacked(p []byte) (int, error) {
	if s.unpacked == nil {
		r, err := s.unpack()
		if err != nil {
			return 0, s.wrapError(err)
		}
		s.unpacked = r
	}
	n, err := s.unpacked.Read(p)
	s.offset += int64(n)
	if bomb := s.checkLimits(); bomb != nil {
		return 0, bomb.Because(ErrDamaged)
	}
	s.ended = errors.Is(err, io.EOF)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.wrapError(err)
	}
	return n, err
}

// checkLimits returns an error if the bytes unpacked so far exceed the size or
// the ratio.
func (s *stream) checkLimits() *errs.Error {
	if s.offset > s.unpackMax {
		return errOverLimit(s.unpackMax)
	}
	return checkRatio(s.src.last-s.packedAt, s.offset)
}

// checkRatio rejects implausibly high compression ratios.
func checkRatio(packed, unpacked int64) *errs.Error {
	if unpacked <= bombFloor || unpacked/bombRatio <= packed {
		return nil
	}
	return errs.New(errs.TooLarge, "zip_bomb", "The compression ratio is too high: %d bytes unpack to %d, more than %d times as many. Unpack the file and send it as it is.", packed, unpacked, bombRatio)
}

func errOverLimit(limit int64) *errs.Error {
	return errs.New(errs.TooLarge, "zip_bomb", "The file unpacks to more than the limit of %d bytes; unpack it and send it in parts.", limit)
}

// wrapError distinguishes a damaged file from a failed read of the source.
func (s *stream) wrapError(err error) error {
	if s.src.err != nil {
		return fmt.Errorf("read packed table: %w", s.src.err)
	}
	if errors.Is(err, io.EOF) { // not the end of the table
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("unpack table: %w: %w", ErrDamaged, err)
}

// readPrefix reads until p is full or the stream ends; the end is not an
// error.
func (s *stream) readPrefix(p []byte) (n int, err error) {
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

// seek sets the offset of the next byte.
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

// close stops unpacking. Its error repeats the one of Read.
func (s *stream) close() {
	if s.unpacked != nil {
		_ = s.unpacked.Close()
	}
	s.unpacked, s.offset, s.ended = nil, 0, false
}

// bytesRead returns how many bytes of the source have been read when the
// consumer of the stream is at unpacked offset at.
func (s *stream) bytesRead(at int64) int64 {
	switch {
	case s.unpack == nil:
		return min(at, s.size)
	case s.ended:
		return s.size // anything after the packed bytes is never read
	}
	return min(s.src.last, s.size)
}
