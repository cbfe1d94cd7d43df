package sheet

import (
	"bytes"
	"strings"
)

// The grammar of a record. A cell that starts with a quote goes on to the next
// quote that is not doubled; what stands between that quote and the delimiter
// belongs to the cell too. A quote anywhere else is a character like others.

// unclosed says whether b, whole lines without the last line end, stops inside
// a quoted cell. When inCell, b starts after a closing quote, else at a cell.
//
// It goes from quote to quote: outside of quotes, one opens a cell when it
// comes first or after a delimiter.
func unclosed(b []byte, delimiter byte, inCell bool) bool {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return false
		}
		i += j
		if i == 0 && !inCell || i > 0 && b[i-1] == delimiter {
			if i = closingQuote(b, i+1); i < 0 {
				return true
			}
		}
		i++
	}
}

// closingQuote returns the index of the first quote from i on that is not
// doubled, or -1.
func closingQuote(b []byte, i int) int {
	for {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return -1
		}
		i += j + 1
		if i == len(b) || b[i] != '"' {
			return i - 1
		}
		i++
	}
}

// splitter makes cells of records. The cells of a record share one string, but
// for those that are not written in one piece.
type splitter struct {
	delimiter byte
	limit     int // cells a record has at most; the last is then all the rest
}

// split appends the cells of b to cells. quoted says whether b may hold quotes.
func (s *splitter) split(b []byte, quoted bool, cells []string) []string {
	if len(b) == 0 {
		return cells
	}
	rest := string(b)
	for range s.limit - 1 {
		if quoted && rest != "" && rest[0] == '"' {
			cell, next := s.quotedCell(rest)
			cells = append(cells, cell)
			if next < 0 {
				return cells
			}
			rest = rest[next:]
			continue
		}
		i := strings.IndexByte(rest, s.delimiter)
		if i < 0 {
			return append(cells, rest)
		}
		cells = append(cells, rest[:i])
		rest = rest[i+1:]
	}
	return appendRest(cells, rest, s.delimiter)
}

// appendRest adds what is left at the limit, unless that is empty cells only.
func appendRest(cells []string, rest string, delimiter byte) []string {
	for i := range len(rest) {
		if rest[i] != delimiter {
			return append(cells, rest)
		}
	}
	return cells
}

// quotedCell reads the cell that text begins with, which starts with a quote.
// next is where the one after it starts, or -1 when it is the last.
func (s *splitter) quotedCell(text string) (cell string, next int) {
	end := strings.IndexByte(text[1:], '"') + 1
	switch {
	case end == 0:
		return text[1:], -1
	case end+1 == len(text):
		return text[1:end], -1
	case text[end+1] == s.delimiter:
		return text[1:end], end + 2
	}
	return s.mixedCell(text)
}

// mixedCell is quotedCell for one with doubled quotes in it, or with more text
// after the closing quote.
func (s *splitter) mixedCell(text string) (cell string, next int) {
	var out strings.Builder
	i := 1
	for {
		j := strings.IndexByte(text[i:], '"')
		if j < 0 {
			out.WriteString(text[i:])
			return out.String(), -1
		}
		out.WriteString(text[i : i+j])
		i += j + 1
		if i == len(text) || text[i] != '"' {
			break
		}
		out.WriteByte('"')
		i++
	}
	j := strings.IndexByte(text[i:], s.delimiter)
	if j < 0 {
		out.WriteString(text[i:])
		return out.String(), -1
	}
	out.WriteString(text[i : i+j])
	return out.String(), i + j + 1
}
