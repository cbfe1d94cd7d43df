package xlsx

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// shownFormat is a number format that only pads whole numbers with zeros or
// adds text to a number, such as 00000, "A-"0000 or 000-00-0000.
type shownFormat struct {
	sections    []formatSection // at most three, for numbers
	conditional bool            // a section has a condition
}

// formatSection is a section of a format code.
type formatSection struct {
	parts     []formatPart
	digits    int  // number of placeholders for digits
	general   bool // the section has the number as General shows it
	supported bool // false: it rounds, groups, or does more than padding
	condition string
	limit     float64 // of condition
}

// formatPart is a placeholder for digits (0 # ?), 'G' for General, or a text.
type formatPart struct {
	placeholder byte // 0: text
	text        string
}

// maxFormatCode is far above the 255 characters that Excel allows.
const maxFormatCode = 1 << 10

// parseShownFormat parses a format code; nil if it adds nothing to numbers.
func parseShownFormat(code string) *shownFormat {
	if len(code) > maxFormatCode {
		return nil
	}
	f := &shownFormat{}
	useful := false
	for rest, more := code, true; more && len(f.sections) < 3; {
		var s formatSection
		s, rest, more = parseSection(rest)
		f.sections = append(f.sections, s)
		f.conditional = f.conditional || s.condition != ""
		useful = useful || s.supported && len(s.parts) > 1
	}
	if !useful {
		return nil
	}
	return f
}

// parseSection parses the first section of a code and returns the others.
func parseSection(code string) (s formatSection, rest string, more bool) {
	s.supported = true
	for code != "" {
		c := code[0]
		width := 1
		switch {
		case c == ';':
			s.finish()
			return s, code[1:], true
		case c == '0' || c == '#' || c == '?':
			s.digits++
			s.parts = append(s.parts, formatPart{placeholder: c})
		case c == '"':
			width = quotedWidth(code, '"')
			s.literal(strings.Trim(code[:width], `"`))
		case c == '[':
			width = quotedWidth(code, ']')
			s.bracket(strings.TrimSuffix(code[1:width], "]"))
		case c == '\\':
			width += runeWidth(code[1:])
			s.literal(code[1:width])
		case c == '_' || c == '*': // space as wide as a character, and filling
			width += runeWidth(code[1:])
		case len(code) >= len("General") && strings.EqualFold(code[:len("General")], "General"):
			width = len("General")
			s.general = true
			s.parts = append(s.parts, formatPart{placeholder: 'G'})
		case strings.IndexByte(".,%/@", c) >= 0 || c|0x20 >= 'a' && c|0x20 <= 'z':
			s.supported = false
		default:
			width = runeWidth(code)
			s.literal(code[:width])
		}
		code = code[width:]
	}
	s.finish()
	return s, "", false
}

// quotedWidth is the length of the quoted text at the start of code.
func quotedWidth(code string, end byte) int {
	if i := strings.IndexByte(code[1:], end); i >= 0 {
		return i + 2
	}
	return len(code)
}

func runeWidth(s string) int {
	_, width := utf8.DecodeRuneInString(s)
	return width
}

func (s *formatSection) literal(text string) {
	if text == "" {
		return
	}
	if last := len(s.parts) - 1; last >= 0 && s.parts[last].placeholder == 0 {
		s.parts[last].text += text
		return
	}
	s.parts = append(s.parts, formatPart{text: text})
}

// bracket reads a colour, a condition, or a currency with its locale.
func (s *formatSection) bracket(text string) {
	switch {
	case text == "":
	case text[0] == '$':
		symbol, _, _ := strings.Cut(text[1:], "-")
		s.literal(symbol)
	case strings.ContainsRune("<>=", rune(text[0])):
		number := strings.TrimLeft(text, "<>=")
		s.condition = text[:len(text)-len(number)]
		var err error
		if s.limit, err = strconv.ParseFloat(number, 64); err != nil {
			s.supported = false
		}
	case isColor(text):
	default: // elapsed time, other digits
		s.supported = false
	}
}

func isColor(text string) bool {
	text = strings.ToLower(text)
	switch text {
	case "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow":
		return true
	}
	return strings.HasPrefix(text, "color")
}

// finish checks a complete section.
func (s *formatSection) finish() {
	if s.general == (s.digits > 0) { // neither of them, or both
		s.supported = false
	}
}

func (s *formatSection) meets(f float64) bool {
	switch s.condition {
	case "<":
		return f < s.limit
	case "<=":
		return f <= s.limit
	case ">":
		return f > s.limit
	case ">=":
		return f >= s.limit
	case "=":
		return f == s.limit
	case "<>":
		return f != s.limit
	}
	return true
}

// section returns the section for a number, and whether it has the sign of
// negative numbers itself.
func (f *shownFormat) section(number float64) (s *formatSection, signed bool) {
	if f.conditional {
		for i := range f.sections {
			if f.sections[i].meets(number) {
				return &f.sections[i], false
			}
		}
		return &formatSection{}, false
	}
	switch {
	case number < 0 && len(f.sections) > 1:
		return &f.sections[1], true
	case number == 0 && len(f.sections) > 2:
		return &f.sections[2], true
	}
	return &f.sections[0], false
}

// text returns a decimal number as the format shows it, or unchanged if the
// format does more than padding.
func (f *shownFormat) text(number string) string {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	digits, negative := strings.CutPrefix(number, "-")
	s, signed := f.section(value)
	if !s.supported || !s.general && strings.Trim(digits, "0123456789") != "" {
		return number
	}
	text := strings.TrimSpace(s.fill(digits))
	if negative && !signed {
		text = "-" + text
	}
	if !strings.ContainsAny(text, "0123456789") { // # shows nothing for 0
		return number
	}
	return text
}

// fill distributes the digits of a number over the placeholders, from the
// right. The first placeholder gets the remaining ones.
func (s *formatSection) fill(number string) string {
	var out strings.Builder
	digits, left := strings.TrimLeft(number, "0"), s.digits
	for _, p := range s.parts {
		switch p.placeholder {
		case 0:
			out.WriteString(p.text)
		case 'G':
			out.WriteString(number)
		default:
			if n := len(digits) - left + 1; n > 0 {
				out.WriteString(digits[:n])
				digits = digits[n:]
			} else if p.placeholder != '#' {
				out.WriteByte(map[byte]byte{'0': '0', '?': ' '}[p.placeholder])
			}
			left--
		}
	}
	return out.String()
}
