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
func unclosed(b []byte, delimiter byte, inCell bool) bool {
	for i := 0; ; inCell = false {
		if !inCell && i < len(b) && b[i] == '"' {
			end := closingQuote(b, i+1)
			if end < 0 {
				return true
			}
			i = end + 1
		}
		j := bytes.IndexByte(b[i:], delimiter)
		if j < 0 {
			return false
		}
		i += j + 1
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

// splitter makes cells of records. All cells of a record share one string.
type splitter struct {
	delimiter byte
	limit     int // cells a record has at most; the last is then all the rest
	plain     []byte
	ends      []int
}

// split appends the cells of b to cells. quoted says whether b may hold quotes.
func (s *splitter) split(b []byte, quoted bool, cells []string) []string {
	if len(b) == 0 {
		return cells
	}
	if quoted {
		return s.splitQuoted(b, cells)
	}
	rest := string(b)
	for range s.limit - 1 {
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

// splitQuoted writes the cells without their quotes one after the other, makes
// one string of that and cuts it up.
func (s *splitter) splitQuoted(b []byte, cells []string) []string {
	s.plain, s.ends = s.plain[:0], s.ends[:0]
	i, more := 0, true
	for more && len(s.ends) < s.limit-1 {
		i, more = s.cell(b, i)
		s.ends = append(s.ends, len(s.plain))
	}
	whole, from := string(s.plain), 0
	for _, end := range s.ends {
		cells = append(cells, whole[from:end])
		from = end
	}
	if more {
		return appendRest(cells, string(b[i:]), s.delimiter)
	}
	return cells
}

// cell adds the cell that starts at i to plain. It returns where the next one
// starts, and whether there is one.
func (s *splitter) cell(b []byte, i int) (next int, more bool) {
	if i < len(b) && b[i] == '"' {
		i = s.quotedPart(b, i+1)
	}
	j := bytes.IndexByte(b[i:], s.delimiter)
	if j < 0 {
		s.plain = append(s.plain, b[i:]...)
		return len(b), false
	}
	s.plain = append(s.plain, b[i:i+j]...)
	return i + j + 1, true
}

// quotedPart adds what stands in quotes from i on and returns what follows the
// closing quote; the end of b closes too.
func (s *splitter) quotedPart(b []byte, i int) int {
	for {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			s.plain = append(s.plain, b[i:]...)
			return len(b)
		}
		s.plain = append(s.plain, b[i:i+j]...)
		i += j + 1
		if i == len(b) || b[i] != '"' {
			return i
		}
		s.plain = append(s.plain, '"')
		i++
	}
}
