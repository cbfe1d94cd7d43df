package sheet

import (
	"bytes"
	"errors"
	"io"
)

const (
	windowSize = 256 << 10
	windowMax  = MaxRecord + windowSize
)

// lineEndUnits is room for a line end after a record of the greatest size.
const lineEndUnits = 16

// window is the part of a text that is in memory. It counts in units: a byte,
// or two bytes of UTF-16. text has one byte per unit, the unit itself when it
// is ASCII, so that one search works for every encoding.
type window struct {
	src  *stream
	raw  []byte
	text []byte // same memory as raw when a unit is one byte
	pos  int    // first unit not consumed
	base int64  // offset of raw[0]
	err  error  // why there is no more; io.EOF at the end

	width     int // bytes of a unit: 1 or 2
	bigEndian bool
}

func newWindow(src *stream, encoding string) *window {
	w := &window{src: src, width: 1, base: src.offset}
	if isWide(encoding) {
		w.width, w.bigEndian = 2, encoding == utf16BE
	}
	return w
}

// seek makes off, a byte of the unpacked text, the first unit. What is in
// memory is not read again, and what lies between that and off only passed
// over, so that many seeks forward cost one pass over the file.
func (w *window) seek(off int64) error {
	if w.failed() != nil {
		w.src.close() // it has stopped somewhere
	} else if at := off - w.base; at >= 0 && at%int64(w.width) == 0 && at/int64(w.width) <= int64(len(w.text)) {
		w.pos = int(at) / w.width
		return nil
	}
	w.raw, w.text, w.pos, w.base, w.err = w.raw[:0], w.text[:0], 0, off, nil
	return w.src.seek(off)
}

// offset is the byte of the unpacked text where the unit at pos begins.
func (w *window) offset() int64 { return w.base + int64(w.pos*w.width) }

// rest is what is in memory and not consumed.
func (w *window) rest() []byte { return w.text[w.pos:] }

// maxUnits is MaxRecord in units.
func (w *window) maxUnits() int { return MaxRecord / w.width }

// original returns the bytes of the next n units.
func (w *window) original(n int) []byte {
	from := w.pos * w.width
	return w.raw[from:min(from+n*w.width, len(w.raw))]
}

// skip consumes n units.
func (w *window) skip(n int) { w.pos += n }

// find returns the index, counted from pos, of the first c at or after from;
// or -1: err says why, unless that is nil because a record cannot be as long.
func (w *window) find(c byte, from int) int {
	for {
		if from < len(w.rest()) {
			if i := bytes.IndexByte(w.text[w.pos+from:], c); i >= 0 {
				return from + i
			}
			from = len(w.rest())
		}
		if from > w.maxUnits()+lineEndUnits || !w.fill() {
			return -1
		}
	}
}

// holds says whether unit i, counted from pos, exists.
func (w *window) holds(i int) bool {
	for i >= len(w.rest()) {
		if i > w.maxUnits() || !w.fill() {
			return false
		}
	}
	return true
}

// failed returns the error that ended the text early.
func (w *window) failed() error {
	if errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}

// fill reads more and says whether there was more.
func (w *window) fill() bool {
	if w.err != nil {
		return false
	}
	w.makeRoom()
	have := len(w.raw)
	for len(w.raw) == have && w.err == nil {
		n, err := w.src.Read(w.raw[have:cap(w.raw)])
		w.raw, w.err = w.raw[:have+n], err
	}
	if w.width == 1 {
		w.text = w.raw
		return len(w.raw) > have
	}
	return w.narrow()
}

// makeRoom drops what is consumed, and grows raw when that gives no room.
func (w *window) makeRoom() {
	if w.raw == nil {
		w.raw = make([]byte, 0, windowSize)
		return
	}
	from := w.pos * w.width
	n := copy(w.raw, w.raw[min(from, len(w.raw)):])
	w.base += int64(from)
	w.raw = w.raw[:n]
	if w.width == 2 {
		w.text = w.text[:copy(w.text, w.text[w.pos:])]
	}
	w.pos = 0
	if cap(w.raw)-n <= cap(w.raw)/4 {
		grown := make([]byte, n, min(2*cap(w.raw), windowMax+windowSize))
		copy(grown, w.raw)
		w.raw = grown
	}
}

// narrow adds the units of raw that are new to text. An odd last byte of the
// file is a unit of its own, which then does not decode.
func (w *window) narrow() bool {
	had := len(w.text)
	w.text = narrow(w.text, w.raw[min(2*had, len(w.raw)):], w.bigEndian)
	if w.err != nil && len(w.raw)%2 == 1 {
		w.text = append(w.text, wide)
	}
	if len(w.text) > had {
		return true
	}
	return w.err == nil && w.fill()
}

// wide stands for a unit that is not ASCII.
const wide = 0x80

// narrow appends one byte per whole unit of raw, UTF-16, to text.
func narrow(text, raw []byte, bigEndian bool) []byte {
	for i := 0; i+1 < len(raw); i += 2 {
		low, high := raw[i], raw[i+1]
		if bigEndian {
			low, high = high, low
		}
		if high != 0 || low >= wide {
			low = wide
		}
		text = append(text, low)
	}
	return text
}

func isWide(encoding string) bool { return encoding == utf16LE || encoding == utf16BE }
