package charset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// Decoder converts records to UTF-8.
type Decoder struct {
	table *[256]rune            // of a single-byte encoding
	multi transform.Transformer // of a multi-byte encoding
	order binary.ByteOrder      // of UTF-16
	jis   bool                  // ISO-2022-JP: characters are ASCII bytes
	langs []*language           // of a guessed encoding: texts of UTF-8 are read as such
	out   []byte
}

// NewDecoder returns a decoder of an encoding with a name of Parse or UTF8BOM.
func NewDecoder(name string) *Decoder {
	switch name {
	case UTF8, UTF8BOM:
		return &Decoder{}
	case UTF16LE:
		return &Decoder{order: binary.LittleEndian}
	case UTF16BE:
		return &Decoder{order: binary.BigEndian}
	}
	chars, _ := find(name)
	if isMultiByte(name) {
		return &Decoder{multi: chars.NewDecoder().Transformer, jis: name == ISO2022JP}
	}
	return &Decoder{table: decodeTable(chars)}
}

// NewGuessedDecoder is NewDecoder for a guessed encoding of a file that may be mixed:
// a record of valid UTF-8 is read as such, unless the guessed encoding reads a more
// plausible text.
func NewGuessedDecoder(name string) *Decoder {
	d := NewDecoder(name)
	if d.table == nil && d.multi == nil || d.jis {
		return d
	}
	for _, c := range candidates {
		if c.name == name {
			d.langs = c.all()
		}
	}
	return d
}

// decodeTable maps each byte of a single-byte encoding to its rune,
// utf8.RuneError if it is undefined, NUL, or a control character above ASCII.
func decodeTable(chars encoding.Encoding) *[256]rune {
	var table [256]rune
	decoder := chars.NewDecoder()
	for b := range 256 {
		text, err := decoder.Bytes([]byte{byte(b)})
		r, _ := utf8.DecodeRune(text)
		if err != nil || r == 0 || r >= 0x80 && r < 0xa0 {
			r = utf8.RuneError
		}
		table[b] = r
	}
	return &table
}

// Decode returns raw as UTF-8, valid until the next call. Invalid bytes and NUL
// become U+FFFD and make ok false.
func (d *Decoder) Decode(raw []byte) (plain []byte, ok bool) {
	switch {
	case d.order != nil:
		return d.fromUTF16(raw)
	case isASCII(raw) && (!d.jis || bytes.IndexByte(raw, escape) < 0):
		return raw, true
	case d.langs != nil && utf8.Valid(raw) && d.isUTF8(raw):
		return raw, bytes.IndexByte(raw, 0) < 0
	case d.table != nil:
		return d.fromTable(raw)
	case d.multi != nil:
		return d.fromMultiByte(raw)
	case utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0:
		return raw, true
	}
	d.out = d.out[:0]
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		if r == 0 {
			r = utf8.RuneError
		}
		d.out = utf8.AppendRune(d.out, r)
		raw = raw[size:]
	}
	return d.out, false
}

// isUTF8 reports whether raw is at least as plausible in UTF-8 as in the encoding.
func (d *Decoder) isUTF8(raw []byte) bool {
	legacy := Decoder{table: d.table, multi: d.multi}
	text, ok := legacy.Decode(raw)
	return !ok || textCost(string(raw), allLanguages()) <= textCost(string(text), d.langs)
}

func (d *Decoder) fromTable(raw []byte) ([]byte, bool) {
	d.out = d.out[:0]
	ok := true
	for _, b := range raw {
		r := d.table[b]
		ok = ok && r != utf8.RuneError
		d.out = utf8.AppendRune(d.out, r)
	}
	return d.out, ok
}

// fromMultiByte cannot tell U+FFFD from invalid bytes; both are invalid.
func (d *Decoder) fromMultiByte(raw []byte) ([]byte, bool) {
	const longest = utf8.UTFMax // bytes of UTF-8 for one byte
	if need := longest * len(raw); cap(d.out) < need {
		d.out = make([]byte, need)
	}
	d.multi.Reset()
	n, _, err := d.multi.Transform(d.out[:cap(d.out)], raw, true)
	d.out = d.out[:n]
	ok := err == nil && !bytes.ContainsRune(d.out, utf8.RuneError)
	if errors.Is(err, transform.ErrShortSrc) { // an incomplete character at the end
		d.out = utf8.AppendRune(d.out, utf8.RuneError)
	}
	if bytes.IndexByte(d.out, 0) >= 0 {
		d.out, ok = bytes.ReplaceAll(d.out, []byte{0}, []byte("\ufffd")), false
	}
	return d.out, ok
}

const highBits = 0x8080808080808080

// isASCII reports whether b is ASCII without NUL. It checks eight bytes at a
// time: subtracting one from a byte below 128 sets its high bit only if it is
// 0.
func isASCII(b []byte) bool {
	const ones = 0x0101010101010101
	for ; len(b) >= 8; b = b[8:] {
		if x := binary.LittleEndian.Uint64(b); (x|(x-ones))&highBits != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf || c == 0 {
			return false
		}
	}
	return true
}

func (d *Decoder) fromUTF16(raw []byte) ([]byte, bool) {
	d.out = d.out[:0]
	ok := true
	for len(raw) > 0 {
		r, size := d.utf16Rune(raw)
		if size == 0 {
			r, size, ok = utf8.RuneError, min(2, len(raw)), false
		}
		d.out = utf8.AppendRune(d.out, r)
		raw = raw[size:]
	}
	return d.out, ok
}

// utf16Rune decodes the first character of raw; size is 0 if it is invalid.
func (d *Decoder) utf16Rune(raw []byte) (r rune, size int) {
	if len(raw) < 2 {
		return 0, 0
	}
	r = rune(d.order.Uint16(raw))
	if r == 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(raw) < 4 {
		return 0, 0
	}
	if r = utf16.DecodeRune(r, rune(d.order.Uint16(raw[2:]))); r == utf8.RuneError {
		return 0, 0
	}
	return r, 4
}
