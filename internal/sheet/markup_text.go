package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// textPiece is how much of a text is read at once.
const textPiece = 64 << 10

// text reads up to the next tag, or to the end of a part. A long text comes in
// pieces.
func (m *markupReader) text() (markupKind, error) {
	n := 0
	for {
		rest := m.buf[m.pos+n : m.end]
		if i := bytes.IndexByte(rest, '<'); i >= 0 {
			n += i
			break
		}
		if n += len(rest); n >= textPiece {
			if n = whole(m.buf[m.pos : m.pos+n]); n == 0 {
				return 0, errMarkup
			}
			break
		}
		if !m.has(n + 1) {
			if err := m.cut(); !errors.Is(err, io.ErrUnexpectedEOF) {
				return 0, err
			}
			break
		}
	}
	raw := m.buf[m.pos : m.pos+n]
	m.pos += n
	var err error
	m.data, err = m.decode(raw)
	return characters, err
}

// whole is how much of a text that goes on after b can be read by itself, so
// that no entity, character or line end is cut.
func whole(b []byte) int {
	n := len(b)
	if i := bytes.LastIndexByte(b, '&'); i >= 0 && bytes.IndexByte(b[i:], ';') < 0 {
		n = i
	}
	for i := n - 1; i >= 0 && i >= n-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:n]) {
				n = i
			}
			break
		}
	}
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	return n
}

// decode replaces entities and line ends in raw; good until the next call.
func (m *markupReader) decode(raw []byte) ([]byte, error) {
	if !legal(raw) {
		return nil, errMarkup
	}
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return raw, nil
	}
	m.out = m.out[:0]
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '\r':
			if i+1 == len(raw) || raw[i+1] != '\n' {
				m.out = append(m.out, '\n')
			}
		case '&':
			end := bytes.IndexByte(raw[i:], ';')
			if end < 0 {
				return nil, errMarkup
			}
			r, err := entity(string(raw[i+1 : i+end]))
			if err != nil {
				return nil, err
			}
			m.out = utf8.AppendRune(m.out, r)
			i += end
		default:
			m.out = append(m.out, c)
		}
	}
	return m.out, nil
}

// entity is the character that &name; stands for.
func entity(name string) (rune, error) {
	switch name {
	case "amp":
		return '&', nil
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	var n uint64
	err := errMarkup
	switch {
	case len(name) > 2 && name[:2] == "#x":
		n, err = strconv.ParseUint(name[2:], 16, 32)
	case len(name) > 1 && name[0] == '#':
		n, err = strconv.ParseUint(name[1:], 10, 32)
	}
	if err != nil || n > utf8.MaxRune || n < ' ' && n != '\t' && n != '\n' && n != '\r' || !utf8.ValidRune(rune(n)) {
		return 0, fmt.Errorf("%w: entity %q", errMarkup, name)
	}
	return rune(n), nil
}

// legal says whether b is UTF-8 without the characters that XML forbids.
func legal(b []byte) bool {
	ascii := true
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(b)
}
