package sheet

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/regulars/regulars/internal/errs"
)

// Encodings in Detected. Other declared single-byte encodings have their WHATWG
// names.
const (
	utf8Plain   = "utf-8"
	utf8BOM     = "utf-8-bom"
	utf16LE     = "utf-16le"
	utf16BE     = "utf-16be"
	windows1252 = "windows-1252"
)

// parseEncoding returns the canonical name of an encoding.
func parseEncoding(name string) (string, error) {
	switch normalizeName(name) {
	case "utf8", "utf8bom", "utf8sig":
		return utf8Plain, nil
	case "utf16", "utf16le", "unicode":
		return utf16LE, nil
	case "utf16be":
		return utf16BE, nil
	case "ansi", "latin1", "iso88591": // as browsers do
		return windows1252, nil
	}
	if chars := findCharmap(name); chars != nil {
		return strings.ReplaceAll(strings.ToLower(chars.String()), " ", "-"), nil
	}
	return "", errs.New(errs.Invalid, "bad_encoding_name", "The encoding %q is not known; use utf-8, utf-16le, utf-16be, windows-1252 or another single-byte encoding.", name)
}

var separators = strings.NewReplacer(" ", "", "-", "", "_", "")

func normalizeName(name string) string { return separators.Replace(strings.ToLower(name)) }

// findCharmap returns the single-byte superset of ASCII with that name, or cp
// and its number; nil if unknown.
func findCharmap(name string) *charmap.Charmap {
	want := normalizeName(name)
	for _, e := range charmap.All {
		chars, ok := e.(*charmap.Charmap)
		if !ok || chars.DecodeByte(',') != ',' {
			continue
		}
		normalized := normalizeName(chars.String())
		number := strings.TrimPrefix(strings.TrimPrefix(normalized, "windows"), "ibmcodepage")
		if want == normalized || want == "cp"+number {
			return chars
		}
	}
	return nil
}

// decodeTable maps each byte of a single-byte encoding to its rune,
// utf8.RuneError if it is undefined.
func decodeTable(encoding string) *[256]rune {
	chars := findCharmap(encoding)
	var table [256]rune
	for b := range 256 {
		table[b] = chars.DecodeByte(byte(b))
	}
	if encoding == windows1252 {
		// Defined by WHATWG, undefined in Windows.
		for _, b := range []byte{0x81, 0x8d, 0x8f, 0x90, 0x9d} {
			table[b] = utf8.RuneError
		}
	}
	table[0] = utf8.RuneError
	return &table
}

// decoder converts records to UTF-8.
type decoder struct {
	table *[256]rune // nil: UTF-8 or UTF-16
	order binary.ByteOrder
	out   []byte
}

func newDecoder(encoding string) *decoder {
	switch encoding {
	case utf8Plain, utf8BOM:
		return &decoder{}
	case utf16LE:
		return &decoder{order: binary.LittleEndian}
	case utf16BE:
		return &decoder{order: binary.BigEndian}
	}
	return &decoder{table: decodeTable(encoding)}
}

// decode returns raw as UTF-8, valid until the next call. Invalid bytes and
// NUL become U+FFFD and make ok false.
func (d *decoder) decode(raw []byte) (plain []byte, ok bool) {
	switch {
	case d.order != nil:
		return d.fromUTF16(raw)
	case isASCII(raw):
		return raw, true
	case d.table != nil:
		return d.fromTable(raw)
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

func (d *decoder) fromTable(raw []byte) ([]byte, bool) {
	d.out = d.out[:0]
	ok := true
	for _, b := range raw {
		r := d.table[b]
		ok = ok && r != utf8.RuneError
		d.out = utf8.AppendRune(d.out, r)
	}
	return d.out, ok
}

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

func (d *decoder) fromUTF16(raw []byte) ([]byte, bool) {
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
func (d *decoder) utf16Rune(raw []byte) (r rune, size int) {
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
