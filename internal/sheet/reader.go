package sheet

import (
	"bytes"
	"errors"
	"io"

	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

const (
	bufferSize = 256 << 10
	maxBuffer  = record.MaxSize + bufferSize
)

// maxLineEnd is the room in units for the line ending of a record of maximum
// size.
const maxLineEnd = 16

// reader buffers a text and counts in code units: bytes, or pairs of bytes in
// UTF-16. units has one byte per unit, the unit itself if it is an ASCII character,
// so that one search works for every encoding.
type reader struct {
	src   *unpack.Stream
	raw   []byte
	units []byte // shares memory with raw if every unit is itself
	pos   int    // first unread unit
	base  int64  // offset of raw[0]
	err   error  // why reading ended; io.EOF at the end

	width     int // bytes per unit: 1 or 2
	bigEndian bool
	mask      *charset.Mask // of trail bytes in the ASCII range; nil: there are none
}

func newReader(src *unpack.Stream, encoding string) *reader {
	r := &reader{src: src, width: 1, base: src.Offset, mask: charset.NewMask(encoding)}
	if charset.IsUTF16(encoding) {
		r.width, r.bigEndian = 2, encoding == charset.UTF16BE
	}
	return r
}

// seek sets the next unit to off, a byte offset in the unpacked text. Buffered
// bytes are not read again, so that many seeks forward take one pass over the
// file.
func (r *reader) seek(off int64) error {
	if r.readErr() != nil {
		r.src.Close() // restart after an error
	} else if at := off - r.base; at >= 0 && at%int64(r.width) == 0 && at/int64(r.width) <= int64(len(r.units)) {
		r.pos = int(at) / r.width
		return nil
	}
	r.raw, r.units, r.pos, r.base, r.err = r.raw[:0], r.units[:0], 0, off, nil
	if r.mask != nil {
		r.mask.Reset()
	}
	return r.src.SetOffset(off)
}

// offset is the byte offset of the next unit in the unpacked text.
func (r *reader) offset() int64 { return r.base + int64(r.pos*r.width) }

// unread returns the buffered units from pos.
func (r *reader) unread() []byte { return r.units[r.pos:] }

func (r *reader) maxUnits() int { return record.MaxSize / r.width }

// rawBytes returns the original bytes of the next n units.
func (r *reader) rawBytes(n int) []byte {
	from := r.pos * r.width
	return r.raw[from:min(from+n*r.width, len(r.raw))]
}

func (r *reader) skip(n int) { r.pos += n }

// find returns the index from pos of the first c at or after from. It returns
// -1 at the end of the text, after a read error (see readErr), and beyond the
// maximum size of a record.
func (r *reader) find(c byte, from int) int {
	for {
		if from < len(r.unread()) {
			if i := bytes.IndexByte(r.units[r.pos+from:], c); i >= 0 {
				return from + i
			}
			from = len(r.unread())
		}
		if from > r.maxUnits()+maxLineEnd || !r.fill() {
			return -1
		}
	}
}

// has reports whether there is a unit at index i from pos.
func (r *reader) has(i int) bool {
	for i >= len(r.unread()) {
		if i > r.maxUnits() || !r.fill() {
			return false
		}
	}
	return true
}

// readErr returns the error that ended reading early; nil at the end of the
// text.
func (r *reader) readErr() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

func (r *reader) fill() bool {
	if r.err != nil {
		return false
	}
	r.compact()
	have := len(r.raw)
	for len(r.raw) == have && r.err == nil {
		n, err := r.src.Read(r.raw[have:cap(r.raw)])
		r.raw, r.err = r.raw[:have+n], err
	}
	switch {
	case r.width == 2:
		return r.appendUnits()
	case r.mask != nil:
		r.units = r.mask.Append(r.units, r.raw[have:])
	default:
		r.units = r.raw
	}
	return len(r.raw) > have
}

// compact discards read units and grows raw if it is still nearly full.
func (r *reader) compact() {
	if r.raw == nil {
		r.raw = make([]byte, 0, bufferSize)
		return
	}
	from := r.pos * r.width
	n := copy(r.raw, r.raw[min(from, len(r.raw)):])
	r.base += int64(from)
	r.raw = r.raw[:n]
	if r.width == 2 || r.mask != nil {
		r.units = r.units[:copy(r.units, r.units[r.pos:])]
	}
	r.pos = 0
	if cap(r.raw)-n <= cap(r.raw)/4 {
		grown := make([]byte, n, min(2*cap(r.raw), maxBuffer+bufferSize))
		copy(grown, r.raw)
		r.raw = grown
	}
}

// appendUnits converts the new bytes of raw. An odd last byte of the file is a
// unit of its own, which does not decode.
func (r *reader) appendUnits() bool {
	had := len(r.units)
	r.units = narrowUTF16(r.units, r.raw[min(2*had, len(r.raw)):], r.bigEndian)
	if r.err != nil && len(r.raw)%2 == 1 {
		r.units = append(r.units, charset.NonASCII)
	}
	if len(r.units) > had {
		return true
	}
	return r.err == nil && r.fill()
}

// narrowUTF16 appends one byte per complete unit of raw to units.
func narrowUTF16(units, raw []byte, bigEndian bool) []byte {
	for i := 0; i+1 < len(raw); i += 2 {
		low, high := raw[i], raw[i+1]
		if bigEndian {
			low, high = high, low
		}
		if high != 0 || low >= charset.NonASCII {
			low = charset.NonASCII
		}
		units = append(units, low)
	}
	return units
}
