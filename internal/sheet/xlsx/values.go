package xlsx

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

// dateKind is how a style formats a number.
type dateKind int8

const (
	notDate dateKind = iota
	isDate
	isTime // hours, minutes and seconds only
)

// builtinDateKind is the kind of a format that has no code in the file.
// Formats from 27 are dates of East Asian versions.
func builtinDateKind(id string) dateKind {
	n, err := strconv.Atoi(id)
	switch {
	case err != nil:
		return notDate
	case n >= 18 && n <= 21 || n == 45 || n == 47 || n >= 32 && n <= 35 || n == 55 || n == 56:
		return isTime
	case n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 50 && n <= 58:
		return isDate
	}
	return notDate
}

// parseDateFormat parses a format code. Literals, colours, currencies and
// elapsed time are not dates.
func parseDateFormat(code string) dateKind {
	letters := strings.ToLower(dateLetters(code))
	if strings.Contains(letters, "general") {
		return notDate
	}
	switch {
	case strings.ContainsAny(letters, "yd"):
		return isDate
	case strings.ContainsAny(letters, "hs"):
		return isTime
	case strings.Contains(letters, "m"):
		return isDate
	}
	return notDate
}

// dateLetters is the first section of a format code without literals, brackets
// and escapes; "" for elapsed time.
func dateLetters(code string) string {
	var out strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return out.String()
		case '\\', '_', '*':
			i++
		case '"', '[':
			end := strings.IndexByte(code[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				return out.String()
			}
			inside := strings.ToLower(code[i+1 : i+1+end])
			if c == '[' && inside != "" && strings.Trim(inside, "hms") == "" {
				return ""
			}
			i += end + 1
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// cellFormat is what a number format does to a number.
type cellFormat struct {
	date  dateKind
	shown *shownFormat // nil: the text adds nothing to the number
}

// parseFormat parses a format code.
func parseFormat(code string) cellFormat {
	f := cellFormat{date: parseDateFormat(code)}
	if f.date == notDate {
		f.shown = parseShownFormat(code)
	}
	return f
}

// cellStyles are the formats of a workbook.
type cellStyles struct {
	formats  []cellFormat // by style
	date1904 bool         // days count from 1904
}

// format returns the format of a style; an unknown one has none.
func (s *cellStyles) format(style int) cellFormat {
	if style < 0 || style >= len(s.formats) {
		return cellFormat{}
	}
	return s.formats[style]
}

// shownText is the text of a number in a style, "" if it adds nothing.
func (s *cellStyles) shownText(number string, style int) string {
	f := s.format(style)
	if f.shown == nil || number == "" {
		return ""
	}
	if text := f.shown.text(number); text != number {
		return text
	}
	return ""
}

// formatNumber returns a numeric cell as text: a date if its style is one,
// otherwise the shortest decimal with 15 significant digits, the precision of
// a spreadsheet, without exponent or thousands separators.
func (s *cellStyles) formatNumber(raw string, style int) string {
	raw = strings.TrimSpace(raw)
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return raw
	}
	if kind := s.format(style).date; kind != notDate {
		if date := s.formatDate(f, kind); date != "" {
			return date
		}
	}
	return xmlpart.FormatDecimal(raw)
}

const (
	dayMS   = 24 * 60 * 60 * 1000
	lastDay = 2958465 // 9999-12-31
)

// leapDay is the number of 29 February 1900, a day that only spreadsheets
// have.
const leapDay = 60

// formatDate returns day number f in ISO 8601; "" if a spreadsheet shows no
// date for it. When days count from 1900, a number below 1 is only a time, and
// leapDay is 1900-02-29 as in the cell.
func (s *cellStyles) formatDate(f float64, kind dateKind) string {
	if f < 0 || f >= lastDay+1 {
		return ""
	}
	ms := int64(math.Round(f * dayMS))
	if ms < dayMS && (kind == isTime || !s.date1904) {
		return xmlpart.FormatTime(time.UnixMilli(ms).UTC())
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch day := ms / dayMS; {
	case s.date1904:
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case day == leapDay:
		return strings.Replace(xmlpart.FormatDate(time.UnixMilli(first.UnixMilli()+ms).UTC()), "1900-02-28", "1900-02-29", 1)
	case day < leapDay:
		first = first.AddDate(0, 0, 1)
	}
	return xmlpart.FormatDate(time.UnixMilli(first.UnixMilli() + ms).UTC())
}
