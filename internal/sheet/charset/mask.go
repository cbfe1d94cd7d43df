package charset

import "bytes"

// Mask replaces the trail bytes of characters that are in the ASCII range, so that
// delimiters, quotes and line endings can be found by bytes. No encoding has quotes
// or line endings among its trail bytes, so a line starts in the initial state even
// after invalid bytes.
type Mask struct {
	lead, trail func(byte) bool // nil for ISO-2022-JP
	fourBytes   bool            // GB18030
	state       maskState
	shifted     bool // ISO-2022-JP: bytes are halves of characters
}

type maskState uint8

const (
	initial     maskState = iota
	afterLead             // second byte of a character
	afterDigit            // third of four bytes
	afterThird            // fourth of four bytes
	afterEscape           // ISO-2022-JP: ESC
	afterParen            // ESC (
	afterDollar           // ESC $
	afterBoth             // ESC $ (
)

// NonASCII replaces code units that are not ASCII characters.
const NonASCII = 0x80

const escape = 0x1b

// NewMask returns a mask in its initial state; nil if no trail byte of the encoding
// is in the ASCII range.
func NewMask(encoding string) *Mask {
	in := func(low, high byte) func(byte) bool {
		return func(b byte) bool { return b >= low && b <= high }
	}
	switch encoding {
	case "shift_jis":
		return &Mask{
			lead:  func(b byte) bool { return b >= 0x81 && b <= 0x9f || b >= 0xe0 && b <= 0xfc },
			trail: func(b byte) bool { return b >= 0x40 && b <= 0xfc && b != 0x7f },
		}
	case "gbk", "gb18030":
		return &Mask{lead: in(0x81, 0xfe), trail: func(b byte) bool { return b >= 0x40 && b <= 0xfe && b != 0x7f }, fourBytes: true}
	case "big5":
		return &Mask{lead: in(0x81, 0xfe), trail: func(b byte) bool { return b >= 0x40 && b <= 0x7e || b >= 0xa1 && b <= 0xfe }}
	case "euc-kr":
		return &Mask{lead: in(0x81, 0xfe), trail: func(b byte) bool { return b >= 0x41 && b <= 0x5a || b >= 0x61 && b <= 0x7a || b >= 0x81 && b <= 0xfe }}
	case ISO2022JP:
		return &Mask{}
	}
	return nil
}

// Reset sets the state at the start of a line.
func (m *Mask) Reset() { m.state, m.shifted = initial, false }

// Append appends one unit per byte of raw to units.
func (m *Mask) Append(units, raw []byte) []byte {
	if m.lead == nil {
		for _, b := range raw {
			units = append(units, m.unitOfJIS(b))
		}
		return units
	}
	for _, b := range raw {
		if m.state == initial { // most bytes
			if m.lead(b) {
				m.state = afterLead
			}
			units = append(units, b)
			continue
		}
		units = append(units, m.unitAfterLead(b))
	}
	return units
}

func (m *Mask) unitAfterLead(b byte) byte {
	state := m.state
	m.state = initial
	isDigit := b >= '0' && b <= '9'
	switch {
	case state == afterLead && m.trail(b), state == afterThird && isDigit:
		return b | NonASCII
	case state == afterLead && m.fourBytes && isDigit:
		m.state = afterDigit
		return b | NonASCII
	case state == afterDigit && m.lead(b):
		m.state = afterThird
	}
	return b
}

// unitOfJIS ignores a shift that is not ended before the end of its line.
func (m *Mask) unitOfJIS(b byte) byte {
	state := m.state
	m.state = initial
	switch {
	case b == '\n' || b == '\r':
		m.shifted = false
		return b
	case b == escape:
		m.state = afterEscape
	case state == afterEscape && b == '(':
		m.state = afterParen
	case state == afterEscape && b == '$':
		m.state = afterDollar
	case state == afterDollar && b == '(':
		m.state = afterBoth
	case state == afterParen && (b == 'B' || b == 'J'):
		m.shifted = false
	case state == afterParen && b == 'I', state == afterDollar && (b == 'B' || b == '@'), state == afterBoth && b == 'D':
		m.shifted = true
	case !m.shifted:
		return b
	}
	return NonASCII
}

// UsesShifts reports whether b has escape sequences of ISO-2022-JP for Japanese
// characters, which no other text has.
func UsesShifts(b []byte) bool {
	for i := 0; ; i++ {
		next := bytes.IndexByte(b[i:], escape)
		if i += next; next < 0 || i+2 >= len(b) {
			return false
		}
		if b[i+1] == '$' && (b[i+2] == 'B' || b[i+2] == '@') || b[i+1] == '(' && (b[i+2] == 'I' || b[i+2] == 'J') {
			return true
		}
	}
}
