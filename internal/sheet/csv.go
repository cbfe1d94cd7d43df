package sheet

import (
	"bytes"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/record"
)

// A cell that starts with a quote, after spaces, ends at the next quote that is
// not doubled. Spaces between that quote and the delimiter are ignored; other
// text there is record.BadQuoting. A quote anywhere else is an ordinary
// character.

// endsInQuote reports whether b, complete lines without the last line ending,
// ends inside a quoted cell. If inCell, b starts after a closing quote,
// otherwise at a cell.
func endsInQuote(b []byte, delimiter byte, inCell bool) bool {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return false
		}
		i += j
		if opensCell(b, i, delimiter, inCell) {
			if i = closingQuote(b, i+1); i < 0 {
				return true
			}
		}
		i++
	}
}

// opensCell reports whether the quote at b[i] is the first character of a cell
// apart from spaces.
func opensCell(b []byte, i int, delimiter byte, inCell bool) bool {
	for i > 0 && isPadding(b[i-1], delimiter) {
		i--
	}
	return i == 0 && !inCell || i > 0 && b[i-1] == delimiter
}

// isPadding reports whether c is ignored around a quoted cell.
func isPadding(c, delimiter byte) bool { return c == ' ' || c == '\t' && delimiter != '\t' }

// closingQuote returns the index of the first quote at or after i that is not
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

// splitter splits records into cells. The cells of a record share one string,
// except unescaped ones.
type splitter struct {
	delimiter byte
	limit     int // maximum cells of a record; the last one contains the remainder
	bad       int // of the last record: number of the first cell with text after its closing quote; 0: none
}

// split appends the cells of b to cells. quoted reports whether b may contain
// quotes.
func (s *splitter) split(b []byte, quoted bool, cells []string) []string {
	s.bad = 0
	if len(b) == 0 {
		return cells
	}
	rest := string(b)
	for range s.limit - 1 {
		if text := s.unpadded(rest); quoted && text != "" && text[0] == '"' {
			rest = text
			cell, next, ok := s.quotedCell(rest)
			cells = append(cells, cell)
			if !ok && s.bad == 0 {
				s.bad = len(cells)
			}
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

// unpadded returns a text without the spaces at its start.
func (s *splitter) unpadded(text string) string {
	for text != "" && isPadding(text[0], s.delimiter) {
		text = text[1:]
	}
	return text
}

// appendRest appends the text after the last allowed delimiter, unless it is
// only empty cells.
func appendRest(cells []string, rest string, delimiter byte) []string {
	for i := range len(rest) {
		if rest[i] != delimiter {
			return append(cells, rest)
		}
	}
	return cells
}

// quotedCell reads the quoted cell at the start of text. next is the start of
// the next cell, or -1 after the last. ok is false for a cell with text after
// its closing quote, which is returned with its quotes.
func (s *splitter) quotedCell(text string) (cell string, next int, ok bool) {
	end := strings.IndexByte(text[1:], '"') + 1
	switch {
	case end == 0:
		return text[1:], -1, true
	case end+1 == len(text):
		return text[1:end], -1, true
	case text[end+1] == s.delimiter:
		return text[1:end], end + 2, true
	}
	return s.unescapeCell(text)
}

// unescapeCell is quotedCell for a cell with doubled quotes or with text after
// the closing quote.
func (s *splitter) unescapeCell(text string) (cell string, next int, ok bool) {
	var out strings.Builder
	i := 1
	for {
		j := strings.IndexByte(text[i:], '"')
		if j < 0 {
			// Never closed; \" shows that a backslash was meant to double a quote.
			if strings.Contains(text, `\"`) {
				return text, -1, false
			}
			out.WriteString(text[i:])
			return out.String(), -1, true
		}
		out.WriteString(text[i : i+j])
		i += j + 1
		if i == len(text) || text[i] != '"' {
			break
		}
		out.WriteByte('"')
		i++
	}
	end, next := len(text), -1
	if j := strings.IndexByte(text[i:], s.delimiter); j >= 0 {
		end, next = i+j, i+j+1
	}
	if s.unpadded(text[i:end]) != "" {
		return text[:end], next, false
	}
	return out.String(), next, true
}

// csvRows reads the records of a CSV text.
type csvRows struct {
	in       *reader
	decoder  *charset.Decoder
	splitter splitter
	eol      byte // '\n', or '\r' if lines end with a bare CR
	line     int  // of the next record
	size     int64
}

// span is the extent of a record, in units from its start.
type span struct {
	length  int // without the line ending
	next    int // start of the next record
	lines   int // physical lines
	quoted  bool
	problem string
}

func (c *csvRows) LimitCells(cells int) { c.splitter.limit = cells }

func (c *csvRows) Close() error {
	c.in.src.Close()
	return nil
}

func (c *csvRows) Progress() (done, total int64) {
	return c.in.src.BytesRead(c.in.offset()), c.size
}

func (c *csvRows) Seek(p record.Pos) error {
	c.line = p.Line
	return c.in.seek(p.Offset)
}

// SeekLine skips physical lines; line is not before the current one.
func (c *csvRows) SeekLine(line int) error {
	for ; c.line < line; c.line++ {
		if !c.in.has(0) {
			return c.in.readErr()
		}
		if err := c.skipLine(); err != nil {
			return err
		}
	}
	return nil
}

func (c *csvRows) Next(row *record.Row) error {
	rec, err := c.findRecord()
	if err != nil {
		return err
	}
	row.Line, row.Problem, row.BadCell, row.Cells, row.Raw = c.line, rec.problem, 0, row.Cells[:0], nil
	row.Pos = record.Pos{Offset: c.in.offset(), Line: c.line}
	if rec.next < 0 {
		if err := c.skipLine(); err != nil {
			return err
		}
	} else {
		c.setCells(row, rec)
		c.in.skip(rec.next)
	}
	c.line += rec.lines
	row.End = record.Pos{Offset: c.in.offset(), Line: c.line}
	return nil
}

func (c *csvRows) setCells(row *record.Row, rec span) {
	row.Raw = c.in.rawBytes(rec.length)
	plain, ok := c.decoder.Decode(row.Raw)
	if !ok && row.Problem == "" {
		row.Problem = record.BadEncoding
	}
	row.Cells = c.splitter.split(plain, rec.quoted, row.Cells)
	if c.splitter.bad > 0 && (row.Problem == "" || row.Problem == record.OpenQuote) {
		row.Problem, row.BadCell = record.BadQuoting, c.splitter.bad-1
	}
}

// skipLine skips the rest of a line that exceeds record.MaxSize.
func (c *csvRows) skipLine() error {
	for {
		if i := bytes.IndexByte(c.in.unread(), c.eol); i >= 0 {
			c.in.skip(i)
			c.in.skip(c.nextLine(0))
			return nil
		}
		c.in.skip(len(c.in.unread()))
		if !c.in.fill() {
			return c.in.readErr()
		}
	}
}

// findRecord finds the end of the next record. next is -1 if its first line is
// too long, so that its end is not buffered.
func (c *csvRows) findRecord() (span, error) {
	rec, err := c.firstLine()
	if err != nil || rec.next < 0 {
		return rec, err
	}
	line := c.in.unread()[:rec.length]
	rec.quoted = bytes.IndexByte(line, '"') >= 0
	if !rec.quoted || !endsInQuote(line, c.splitter.delimiter, false) {
		return rec, nil
	}
	return c.multilineRecord(rec)
}

func (c *csvRows) firstLine() (span, error) {
	r := c.in
	end := r.find(c.eol, 0)
	tooLong := span{next: -1, lines: 1, problem: record.TooLong}
	if end < 0 {
		end = len(r.unread())
		switch {
		case end > r.maxUnits()+maxLineEnd:
			return tooLong, nil
		case r.readErr() != nil:
			return span{}, r.readErr()
		case end == 0 || end == 1 && r.unread()[0] == dosEOF:
			return span{}, io.EOF
		}
	}
	rec := span{length: c.trimCR(end), next: c.nextLine(end), lines: 1}
	if rec.length > r.maxUnits() {
		return tooLong, nil
	}
	return rec, nil
}

// dosEOF ends a text file on DOS.
const dosEOF = 0x1a

// trimCR returns the end of the line without CRs before a line feed; a file
// converted twice has several.
func (c *csvRows) trimCR(end int) int {
	for c.eol == '\n' && end > 0 && c.in.unread()[end-1] == '\r' {
		end--
	}
	return end
}

// nextLine returns the start of the line after the line ending at end. In a file
// whose lines end with CR, a single CR LF ends one as well.
func (c *csvRows) nextLine(end int) int {
	next := end + 1
	if c.eol == '\r' && c.in.has(next) && c.in.unread()[next] == '\n' {
		next++
	}
	return min(next, len(c.in.unread()))
}

// multilineRecord extends a record that leaves a quote open in its first line. If
// the quote is never closed, or closed where a cell cannot end, it is a stray
// one: the record is its first line, so that no other line is lost.
func (c *csvRows) multilineRecord(first span) (span, error) {
	rec, r := first, c.in
	for {
		quote := c.closingQuote(rec.next)
		if quote < 0 && r.readErr() != nil {
			return first, r.readErr()
		}
		if quote < 0 || !c.endsCell(quote+1) {
			first.problem = record.OpenQuote
			return first, nil
		}
		rec.lines += 1 + bytes.Count(r.unread()[rec.next:quote], []byte{c.eol})
		end := r.find(c.eol, quote+1)
		if end < 0 {
			if r.readErr() != nil {
				return first, r.readErr()
			}
			end = len(r.unread())
		}
		rec.length, rec.next = c.trimCR(end), c.nextLine(end)
		if rec.length > r.maxUnits() || end > r.maxUnits()+maxLineEnd {
			first.problem = record.TooLong
			return first, nil
		}
		if !endsInQuote(r.unread()[quote+1:rec.length], c.splitter.delimiter, true) {
			return rec, nil
		}
	}
}

func (c *csvRows) closingQuote(from int) int {
	for {
		i := c.in.find('"', from)
		if i < 0 || i > c.in.maxUnits() {
			return -1
		}
		if !c.in.has(i+1) || c.in.unread()[i+1] != '"' {
			return i
		}
		from = i + 2
	}
}

// endsCell reports whether only spaces follow between i and the end of the
// cell.
func (c *csvRows) endsCell(i int) bool {
	for ; c.in.has(i); i++ {
		switch unit := c.in.unread()[i]; {
		case unit == c.splitter.delimiter || unit == c.eol:
			return true
		case unit != '\r' && !isPadding(unit, c.splitter.delimiter):
			return false
		}
	}
	return i <= c.in.maxUnits()
}
