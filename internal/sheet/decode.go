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

// The names of encodings in Detected. Declared single-byte encodings have the
// name the web uses for them.
const (
	utf8Plain   = "utf-8"
	utf8BOM     = "utf-8-bom"
	utf16LE     = "utf-16le"
	utf16BE     = "utf-16be"
	windows1252 = "windows-1252"
)

// encodingName finds the encoding that is meant by name.
func encodingName(name string) (string, error) {
	switch squash(name) {
	case "utf8", "utf8bom", "utf8sig":
		return utf8Plain, nil
	case "utf16", "utf16le", "unicode":
		return utf16LE, nil
	case "utf16be":
		return utf16BE, nil
	case "ansi", "latin1", "iso88591": // the web reads Latin 1 so, too
		return windows1252, nil
	}
	if chars := charmapOf(name); chars != nil {
		return strings.ReplaceAll(strings.ToLower(chars.String()), " ", "-"), nil
	}
	return "", errs.New(errs.Invalid, "bad_encoding_name", "The encoding %q is not known; use utf-8, utf-16le, utf-16be, windows-1252 or another single-byte encoding.", name)
}

var separators = strings.NewReplacer(" ", "", "-", "", "_", "")

func squash(name string) string { return separators.Replace(strings.ToLower(name)) }

// charmapOf finds a single-byte encoding that contains ASCII, by its own name
// or as cp and a number; nil when there is none.
func charmapOf(name string) *charmap.Charmap {
	want := squash(name)
	for _, e := range charmap.All {
		chars, ok := e.(*charmap.Charmap)
		if !ok || chars.DecodeByte(',') != ',' {
			continue
		}
		own := squash(chars.String())
		number := strings.TrimPrefix(strings.TrimPrefix(own, "windows"), "ibmcodepage")
		if want == own || want == "cp"+number {
			return chars
		}
	}
	return nil
}

// singleByte returns what each byte means in an encoding that encodingName
// has named, utf8.RuneError where it means nothing.
func singleByte(encoding string) *[256]rune {
	chars := charmapOf(encoding)
	var table [256]rune
	for b := range 256 {
		table[b] = chars.DecodeByte(byte(b))
	}
	if encoding == windows1252 {
		// The web gives these five a meaning, Windows does not.
		for _, b := range []byte{0x81, 0x8d, 0x8f, 0x90, 0x9d} {
			table[b] = utf8.RuneError
		}
	}
	table[0] = utf8.RuneError
	return &table
}

// decoder makes UTF-8 of records.
type decoder struct {
	table *[256]rune // nil: UTF-8 or UTF-16
	wide  binary.ByteOrder
	out   []byte
}

func newDecoder(encoding string) *decoder {
	switch encoding {
	case utf8Plain, utf8BOM:
		return &decoder{}
	case utf16LE:
		return &decoder{wide: binary.LittleEndian}
	case utf16BE:
		return &decoder{wide: binary.BigEndian}
	}
	return &decoder{table: singleByte(encoding)}
}

// bytes returns raw in UTF-8, good until the next call. When something cannot
// be decoded, or is a NUL, U+FFFD stands for it and ok is false.
func (d *decoder) bytes(raw []byte) (plain []byte, ok bool) {
	switch {
	case d.wide != nil:
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

// isASCII is false for NUL too. It looks at eight bytes at once: taking one
// from a byte below 128 sets its high bit only when it is 0.
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
		r, size := d.unit(raw)
		if size == 0 {
			r, size, ok = utf8.RuneError, min(2, len(raw)), false
		}
		d.out = utf8.AppendRune(d.out, r)
		raw = raw[size:]
	}
	return d.out, ok
}

// unit decodes the first character of raw; its size is 0 when that is none.
func (d *decoder) unit(raw []byte) (r rune, size int) {
	if len(raw) < 2 {
		return 0, 0
	}
	r = rune(d.wide.Uint16(raw))
	if r == 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(raw) < 4 {
		return 0, 0
	}
	if r = utf16.DecodeRune(r, rune(d.wide.Uint16(raw[2:]))); r == utf8.RuneError {
		return 0, 0
	}
	return r, 4
}
