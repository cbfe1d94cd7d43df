package ods

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

// cell is the content of a table-cell element.
type cell struct {
	value   string
	shown   string // see record.ShownText
	problem string // see record.CellProblem
}

// cellReader has the parts of the current cell, with memory for reuse.
type cellReader struct {
	kind     []byte // office:value-type
	value    []byte // office:value, office:date-value and so on
	formula  []byte // with the equals sign
	text     []byte // as shown
	hasValue bool
	isError  bool
}

// maxFormula bounds the bytes of a formula that is kept, more than a message
// shows.
const maxFormula = 1 << 10

// readCell reads to the end of a table-cell element.
func (r *Rows) readCell() (cell, error) {
	c := &r.cell
	c.readAttrs(r.part)
	paragraphs := 0
	for {
		kind, err := r.part.InnerToken()
		if err != nil {
			return cell{}, err
		}
		switch {
		case kind == xmlpart.EndTag:
			return c.content()
		case kind == xmlpart.Characters:
		case r.part.Is("p") || r.part.Is("h"):
			if paragraphs++; paragraphs > 1 {
				c.text = appendLimited(c.text, "\n")
			}
			err = r.readParagraph()
		default: // comments, pictures, tables
			err = r.skipElement()
		}
		if err != nil {
			return cell{}, err
		}
	}
}

// readAttrs reads the attributes of the start tag.
func (c *cellReader) readAttrs(p *xmlpart.Part) {
	*c = cellReader{kind: c.kind[:0], value: c.value[:0], formula: c.formula[:0], text: c.text[:0]}
	for name, raw := range p.RawAttrs() {
		switch string(name) {
		case "value-type": // of office and, with the kind error, of calcext
			if string(raw) == "error" {
				c.isError = true
			} else {
				c.kind = append(c.kind[:0], raw...)
			}
		case "value", "date-value", "time-value", "boolean-value", "string-value":
			c.hasValue = true
			c.value = p.AppendDecoded(c.value[:0], raw)
		case "formula":
			_, formula, _ := bytes.Cut(raw, []byte("=")) // without the language
			c.formula = p.AppendDecoded(append(c.formula[:0], '='), formula)
		}
	}
}

// content returns the cell; errTooLong if it exceeds record.MaxSize.
func (c *cellReader) content() (cell, error) {
	if len(c.text) > record.MaxSize || len(c.value) > record.MaxSize {
		return cell{}, errTooLong
	}
	text := string(c.text)
	switch {
	case c.isError && text == "":
		return cell{value: "#ERROR!", problem: record.CellError}, nil
	case c.isError, len(c.formula) > 0 && isErrorText(text) && string(c.kind) != "string":
		return cell{value: text, problem: record.CellError}, nil
	case len(c.formula) > 0 && text == "" && !c.hasValue && string(c.kind) != "string":
		return cell{value: strings.ToValidUTF8(string(c.formula[:min(len(c.formula), maxFormula)]), ""), problem: record.FormulaValue}, nil
	case !c.hasValue:
		return cell{value: text}, nil
	}
	value := string(c.value)
	switch string(c.kind) {
	case "float":
		value = xmlpart.FormatDecimal(strings.TrimSpace(value))
		return cell{value: value, shown: shownText(value, text)}, nil
	case "percentage", "currency":
		return cell{value: xmlpart.FormatDecimal(strings.TrimSpace(value))}, nil
	case "date":
		return cell{value: xmlpart.NormalizeDate(value)}, nil
	case "time":
		return cell{value: formatDuration(value)}, nil
	case "boolean":
		return cell{value: strings.ToUpper(value)}, nil
	}
	return cell{value: value}, nil
}

// isErrorText reports whether the result of a formula is shown as an error, which
// old programs store as a number.
func isErrorText(text string) bool {
	return strings.HasPrefix(text, "Err:") || strings.HasPrefix(text, "#") && (strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") || text == "#N/A")
}

// shownText returns the text of a whole number if it only has leading zeros or
// more text, and no groups of digits, otherwise "".
func shownText(number, text string) string {
	text = strings.TrimSpace(text)
	plain, negative := strings.CutPrefix(number, "-")
	if text == number || text == "" || strings.Trim(plain, "0123456789") != "" || negative != strings.HasPrefix(text, "-") {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	if digits == "" || strings.TrimLeft(digits, "0") != strings.TrimLeft(plain, "0") || isGrouped(text) {
		return ""
	}
	return text
}

const groupSeparators = ".,'’ \u00a0\u2009\u202f"

// isGrouped reports whether the digits of a text are separated like thousands.
func isGrouped(text string) bool {
	first, last := strings.IndexAny(text, "0123456789"), strings.LastIndexAny(text, "0123456789")
	groups := strings.FieldsFunc(text[first:last+1], func(r rune) bool { return r < '0' || r > '9' })
	if len(groups) < 2 {
		return false
	}
	for i, separators := 1, text[first+len(groups[0]):last+1]; i < len(groups); i++ {
		at := strings.Index(separators, groups[i])
		if !strings.Contains(groupSeparators, separators[:at]) || len(groups[i]) != 3 && separators[0] != ',' {
			return false
		}
		separators = separators[at+len(groups[i]):]
	}
	return true
}

// formatDuration returns a duration such as PT13H30M00S as a time of day, or from
// one day on as the number of days, like a workbook.
func formatDuration(raw string) string {
	rest, ok := strings.CutPrefix(raw, "PT")
	if !ok {
		return raw
	}
	seconds := 0.0
	for _, unit := range []struct {
		letter  string
		seconds float64
	}{{"H", 3600}, {"M", 60}, {"S", 1}} {
		number, after, found := strings.Cut(rest, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseFloat(strings.Replace(number, ",", ".", 1), 64)
		if err != nil || n < 0 || n > 1e9 {
			return raw
		}
		seconds += n * unit.seconds
		rest = after
	}
	const day = 24 * 60 * 60
	if rest != "" {
		return raw
	}
	if seconds >= day {
		return xmlpart.FormatDecimal(strconv.FormatFloat(seconds/day, 'f', -1, 64))
	}
	return xmlpart.FormatTime(time.UnixMilli(int64(seconds*1000 + 0.5)).UTC())
}

// readParagraph appends the text up to the end of a paragraph.
func (r *Rows) readParagraph() error {
	c := &r.cell
	start := len(c.text)
	for depth := 0; ; {
		kind, err := r.part.InnerToken()
		if err != nil {
			return err
		}
		switch {
		case kind == xmlpart.Characters:
			c.text = appendCollapsed(c.text, start, r.part.Data)
			continue
		case kind == xmlpart.EndTag:
			if depth == 0 {
				return nil
			}
			depth--
			continue
		}
		depth++
		switch string(r.part.Name) {
		case "s":
			c.text = appendLimited(c.text, strings.Repeat(" ", min(repetitions(r.part.RawAttr("c")), record.MaxSize+1)))
		case "tab":
			c.text = appendLimited(c.text, "\t")
		case "line-break":
			c.text = appendLimited(c.text, "\n")
		case "annotation", "note", "ruby-text", "frame":
			depth--
			if err := r.skipElement(); err != nil {
				return err
			}
		}
	}
}

// appendLimited appends more to out up to record.MaxSize+1 bytes; the extra byte
// marks a text that is too long.
func appendLimited(out []byte, more string) []byte {
	return append(out, more[:min(len(more), max(0, record.MaxSize+1-len(out)))]...)
}

// appendCollapsed appends a text with one space for each run of white space, and
// none at the start of the paragraph.
func appendCollapsed(out []byte, start int, text []byte) []byte {
	for len(text) > 0 && len(out) <= record.MaxSize {
		n := bytes.IndexAny(text, " \t\r\n")
		if n < 0 {
			n = len(text)
		}
		out = xmlpart.AppendLimited(out, text[:n])
		if text = text[n:]; len(text) == 0 {
			break
		}
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(out) > start && out[len(out)-1] != ' ' {
			out = append(out, ' ')
		}
	}
	return out
}
