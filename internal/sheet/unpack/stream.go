// Package unpack reads files that may be packed with gzip or zip, within limits
// of size and ratio.
package unpack

import (
	"errors"
	"fmt"
	"io"

	"github.com/regulars/regulars/internal/errs"
)

const (
	// DefaultMaxUnpacked is the default maximum of unpacked bytes.
	DefaultMaxUnpacked = 1 << 30
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

// Stream is the unpacked content of a file. Seeking is free if it is not
// packed; otherwise it reads up to the position, from the beginning if that is
// behind.
type Stream struct {
	src    *meteredReader
	Size   int64 // of src
	Offset int64 // of the next unpacked byte

	unpack    func() (io.ReadCloser, error) // nil if not packed
	unpacked  io.ReadCloser
	packedAt  int64 // start of the packed bytes in src
	unpackMax int64
	ended     bool // unpacked to the end
}

// New returns the bytes of src as a stream; max bounds them if they are
// unpacked.
func New(src io.ReaderAt, size, max int64) *Stream {
	return &Stream{src: &meteredReader{src: src, budget: -1}, Size: size, unpackMax: max}
}

// Read fails with ErrDamaged in the chain if the packed bytes are broken or exceed
// a limit.
func (s *Stream) Read(p []byte) (int, error) {
	if s.unpack != nil {
		return s.readPacked(p)
	}
	left := s.Size - s.Offset
	if left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := s.src.ReadAt(p, s.Offset)
	s.Offset += int64(n)
	if n > 0 || err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) { // shorter than size
		err = io.ErrUnexpectedEOF
	}
	return 0, fmt.Errorf("read table: %w", err)
}

func (s *Stream) readPacked(p []byte) (int, error) {
	if s.unpacked == nil {
		r, err := s.unpack()
		if err != nil {
			return 0, s.WrapError(err)
		}
		s.unpacked = r
	}
	n, err := s.unpacked.Read(p)
	s.Offset += int64(n)
	if bomb := s.checkLimits(); bomb != nil {
		return 0, bomb.Because(ErrDamaged)
	}
	s.ended = errors.Is(err, io.EOF)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.WrapError(err)
	}
	return n, err
}

// checkLimits returns an error if the bytes unpacked so far exceed the size or
// the ratio.
func (s *Stream) checkLimits() *errs.Error {
	if s.Offset > s.unpackMax {
		return OverLimit(s.unpackMax)
	}
	return checkRatio(s.src.last-s.packedAt, s.Offset)
}

// checkRatio rejects implausibly high compression ratios.
func checkRatio(packed, unpacked int64) *errs.Error {
	if unpacked <= bombFloor || unpacked/bombRatio <= packed {
		return nil
	}
	return errs.New(errs.TooLarge, "zip_bomb", "The compression ratio is too high: %d bytes unpack to %d, more than %d times as many. Unpack the file and send it as it is.", packed, unpacked, bombRatio)
}

// OverLimit is the error of a file that unpacks to more than limit bytes.
func OverLimit(limit int64) *errs.Error {
	return errs.New(errs.TooLarge, "zip_bomb", "The file unpacks to more than the limit of %d bytes; unpack it and send it in parts.", limit)
}

// WrapError distinguishes a damaged file from a failed read of the source.
func (s *Stream) WrapError(err error) error {
	if s.src.err != nil {
		return fmt.Errorf("read packed table: %w", s.src.err)
	}
	if errors.Is(err, io.EOF) { // not the end of the table
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("unpack table: %w: %w", ErrDamaged, err)
}

// Packed returns the bytes of the source.
func (s *Stream) Packed() io.Reader { return io.NewSectionReader(s.src, 0, s.Size) }

// IsPacked reports whether the source is packed.
func (s *Stream) IsPacked() bool { return s.unpack != nil }

// Unpack makes the stream the unpacked bytes of open, which start at
// packedAt of the source.
func (s *Stream) Unpack(packedAt int64, open func() (io.ReadCloser, error)) {
	s.packedAt, s.unpack = packedAt, open
}

// ReadPrefix reads until p is full or the stream ends; the end is not an
// error.
func (s *Stream) ReadPrefix(p []byte) (n int, err error) {
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

// SetOffset sets the offset of the next byte.
func (s *Stream) SetOffset(off int64) error {
	if s.unpack == nil {
		s.Offset = off
		return nil
	}
	if off < s.Offset {
		s.Close()
	}
	if _, err := io.CopyN(io.Discard, s, off-s.Offset); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Close stops unpacking. Its error repeats the one of Read.
func (s *Stream) Close() {
	if s.unpacked != nil {
		_ = s.unpacked.Close()
	}
	s.unpacked, s.Offset, s.ended = nil, 0, false
}

// BytesRead returns how many bytes of the source have been read when the
// consumer of the stream is at unpacked offset at.
func (s *Stream) BytesRead(at int64) int64 {
	switch {
	case s.unpack == nil:
		return min(at, s.Size)
	case s.ended:
		return s.Size // anything after the packed bytes is never read
	}
	return min(s.src.last, s.Size)
}

// WrapDamaged replaces damage found while opening a file by damaged_file.
func WrapDamaged(err error) error {
	if errors.Is(err, ErrDamaged) && errs.From(err) == nil {
		return errs.New(errs.Invalid, "damaged_file", "The file is damaged or incomplete; send it again.").Because(err)
	}
	return err
}
