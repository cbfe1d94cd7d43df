package charset

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// Encoder converts UTF-8 to another encoding. A character that the encoding lacks
// becomes a question mark.
type Encoder struct {
	BOM     string // byte order mark as UTF-8; "": none
	order   binary.AppendByteOrder
	table   map[rune]byte // of a single-byte encoding
	multi   encoding.Encoding
	known   map[rune]bool // whether multi has a character
	cleaned []byte
}

// NewEncoder returns an encoder for an encoding with a name of Parse or UTF8BOM; ""
// means UTF-8.
func NewEncoder(name string) Encoder {
	const mark = "\ufeff"
	switch name {
	case "", UTF8:
		return Encoder{}
	case UTF8BOM:
		return Encoder{BOM: mark}
	case UTF16LE:
		return Encoder{BOM: mark, order: binary.LittleEndian}
	case UTF16BE:
		return Encoder{BOM: mark, order: binary.BigEndian}
	}
	chars, _ := find(name)
	if isMultiByte(name) {
		return Encoder{multi: chars, known: map[rune]bool{}}
	}
	table := map[rune]byte{}
	for b, r := range decodeTable(chars) {
		if r != utf8.RuneError {
			table[r] = byte(b)
		}
	}
	return Encoder{table: table}
}

// Append adds whole records s, which are UTF-8, to out.
func (e *Encoder) Append(out, s []byte) []byte {
	switch {
	case e.order != nil:
		for _, r := range string(s) {
			if first, second := utf16.EncodeRune(r); first != utf8.RuneError {
				out = e.order.AppendUint16(out, uint16(first))
				r = second
			}
			out = e.order.AppendUint16(out, uint16(r))
		}
		return out
	case e.table != nil:
		for _, r := range string(s) {
			b, ok := e.table[r]
			if !ok {
				b = '?'
			}
			out = append(out, b)
		}
		return out
	case e.multi != nil:
		return e.appendMultiByte(out, s)
	}
	return append(out, s...)
}

func (e *Encoder) appendMultiByte(out, s []byte) []byte {
	e.cleaned = e.cleaned[:0]
	for _, r := range string(s) {
		if !e.has(r) {
			r = '?'
		}
		e.cleaned = utf8.AppendRune(e.cleaned, r)
	}
	out, _, _ = transform.Append(e.multi.NewEncoder(), out, e.cleaned) // every character is known
	return out
}

// has reports whether a character survives encoding and decoding.
func (e *Encoder) has(r rune) bool {
	if r < utf8.RuneSelf {
		return true
	}
	known, asked := e.known[r]
	if !asked {
		encoded, err := e.multi.NewEncoder().String(string(r))
		decoded, decodeErr := e.multi.NewDecoder().String(encoded)
		known = err == nil && decodeErr == nil && decoded == string(r)
		e.known[r] = known
	}
	return known
}
