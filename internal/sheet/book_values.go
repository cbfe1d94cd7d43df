package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// dateKind is what a style makes of a number.
type dateKind int8

const (
	notDate dateKind = iota
	isDate
	isTime // hours, minutes and seconds only
)

// readStyles finds the styles that show numbers as dates.
func (b *book) readStyles() error {
	const maxFormats = 1 << 16 // as many as a workbook may have styles
	formats := map[string]dateKind{}
	inCells := false
	return b.each("xl/styles.xml", func(p *part) {
		switch string(p.name) {
		case "numFmt":
			if id := p.attr("numFmtId"); len(id) <= len("4294967295") && len(formats) < maxFormats {
				formats[id] = dateFormat(p.attr("formatCode"))
			}
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				return
			}
			id := p.attr("numFmtId")
			kind, custom := formats[id]
			if !custom {
				kind = builtinFormat(id)
			}
			b.dates = append(b.dates, kind)
		}
	})
}

// builtinFormat says what the formats without a code in the file are. Those
// from 27 on are dates of East Asian versions.
func builtinFormat(id string) dateKind {
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

// dateFormat reads a format code. Texts, colours, currencies and elapsed time
// in it are not dates.
func dateFormat(code string) dateKind {
	letters := strings.ToLower(formatLetters(code))
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

// formatLetters is the first section of a format code without what stands in
// quotes or brackets or is escaped; "" when it shows elapsed time.
func formatLetters(code string) string {
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

// number is a numeric cell as text: a date when its style says so, else the
// shortest way to write the number to 15 digits, which is what a spreadsheet
// keeps, without exponent or thousands signs.
func (b *book) number(raw string, style int) string {
	raw = strings.TrimSpace(raw)
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return raw
	}
	if style >= 0 && style < len(b.dates) && b.dates[style] != notDate {
		if date := b.date(f, b.dates[style]); date != "" {
			return date
		}
	}
	if strings.Trim(raw, "0123456789") == "" {
		return raw
	}
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64); err == nil {
		f = rounded
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

const (
	dayMS   = 24 * 60 * 60 * 1000
	lastDay = 2958465 // 9999-12-31
)

// leapDay is the day number that is 29 February 1900 for spreadsheets.
const leapDay = 60

// date writes day number f in ISO 8601; "" when a spreadsheet shows no date
// for it either. Where days are counted from 1900, a number below 1 has no day,
// only a time, and the leap day that was none stays what is seen in the cell.
func (b *book) date(f float64, kind dateKind) string {
	if f < 0 || f >= lastDay+1 {
		return ""
	}
	ms := int64(math.Round(f * dayMS))
	if ms < dayMS && (kind == isTime || !b.since) {
		return clockTime(time.UnixMilli(ms).UTC())
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch day := ms / dayMS; {
	case b.since:
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case day == leapDay:
		return strings.Replace(isoTime(time.UnixMilli(first.UnixMilli()+ms).UTC()), "1900-02-28", "1900-02-29", 1)
	case day < leapDay:
		first = first.AddDate(0, 0, 1)
	}
	return isoTime(time.UnixMilli(first.UnixMilli() + ms).UTC())
}

func clockTime(t time.Time) string {
	return t.Format("15:04:05.999")
}

// isoTime leaves out the time of day at midnight.
func isoTime(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04:05.999Z")
}

// isoDate brings a date that is written out in a cell into the same form.
func isoDate(raw string) string {
	raw = strings.TrimSpace(raw)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, raw); err == nil {
			return isoTime(t.UTC())
		}
	}
	return raw
}
