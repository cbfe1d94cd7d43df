package sheet

import (
	"bytes"
	"io"
)

// text reads the records of a text.
type text struct {
	window *window
	decode *decoder
	split  splitter
	eol    byte // '\n', or '\r' in a text of bare CR
	line   int  // of the next record
	size   int64
}

// record is where a record ends, in units from its start.
type record struct {
	length  int // without the line end
	next    int // start of the next record
	lines   int // physical lines
	quoted  bool
	problem string
}

func (t *text) limit(cells int) { t.split.limit = cells }

func (t *text) close() error {
	t.window.src.close()
	return nil
}

func (t *text) progress() (done, total int64) {
	return t.window.src.done(t.window.offset()), t.size
}

func (t *text) seek(p Pos) error {
	t.line = p.Line
	return t.window.seek(p.Offset)
}

func (t *text) next(row *Row) error {
	rec, err := t.measure()
	if err != nil {
		return err
	}
	row.Line, row.Problem, row.Cells, row.Raw = t.line, rec.problem, row.Cells[:0], nil
	row.Pos = Pos{Offset: t.window.offset(), Line: t.line}
	if rec.next < 0 {
		if err := t.skipLine(); err != nil {
			return err
		}
	} else {
		t.fill(row, rec)
		t.window.skip(rec.next)
	}
	t.line += rec.lines
	row.End = Pos{Offset: t.window.offset(), Line: t.line}
	return nil
}

// fill gives row its bytes and cells.
func (t *text) fill(row *Row, rec record) {
	row.Raw = t.window.original(rec.length)
	plain, ok := t.decode.bytes(row.Raw)
	if !ok && row.Problem == "" {
		row.Problem = BadEncoding
	}
	row.Cells = t.split.split(plain, rec.quoted, row.Cells)
}

// skipLine consumes the rest of a line that is longer than a record may be.
func (t *text) skipLine() error {
	for {
		if i := bytes.IndexByte(t.window.rest(), t.eol); i >= 0 {
			t.window.skip(i + 1)
			return nil
		}
		t.window.skip(len(t.window.rest()))
		if !t.window.fill() {
			return t.window.failed()
		}
	}
}

// measure finds the end of the next record. next is -1 when its first line
// alone is too long, so that its end is not in memory.
func (t *text) measure() (record, error) {
	rec, err := t.firstLine()
	if err != nil || rec.next < 0 {
		return rec, err
	}
	line := t.window.rest()[:rec.length]
	rec.quoted = bytes.IndexByte(line, '"') >= 0
	if !rec.quoted || !unclosed(line, t.split.delimiter, false) {
		return rec, nil
	}
	return t.manyLines(rec)
}

func (t *text) firstLine() (record, error) {
	w := t.window
	end := w.find(t.eol, 0)
	tooLong := record{next: -1, lines: 1, problem: RecordTooLong}
	if end < 0 {
		end = len(w.rest())
		switch {
		case end > w.maxUnits()+lineEndUnits:
			return tooLong, nil
		case w.failed() != nil:
			return record{}, w.failed()
		case end == 0 || end == 1 && w.rest()[0] == endOfFile:
			return record{}, io.EOF
		}
	}
	rec := record{length: t.withoutCR(end), next: t.after(end), lines: 1}
	if rec.length > w.maxUnits() {
		return tooLong, nil
	}
	return rec, nil
}

// endOfFile is the character that ends a text on DOS.
const endOfFile = 0x1a

// withoutCR is where the line that ends at end has its last character. Before
// a line feed there may be a CR, or several when a file was converted twice.
func (t *text) withoutCR(end int) int {
	for t.eol == '\n' && end > 0 && t.window.rest()[end-1] == '\r' {
		end--
	}
	return end
}

// after is the unit after the line end at end; the text may end there.
func (t *text) after(end int) int {
	return min(end+1, len(t.window.rest()))
}

// manyLines follows a record whose first line leaves a quote open. When the
// quote does not close, or closes where no cell can end, it was a stray one:
// the record is its first line then, so that no other line is lost with it.
func (t *text) manyLines(first record) (record, error) {
	rec, w := first, t.window
	for {
		quote := t.closingQuote(rec.next)
		if quote < 0 && w.failed() != nil {
			return first, w.failed()
		}
		if quote < 0 || !t.endsCell(quote+1) {
			first.problem = OpenQuote
			return first, nil
		}
		rec.lines += 1 + bytes.Count(w.rest()[rec.next:quote], []byte{t.eol})
		end := w.find(t.eol, quote+1)
		if end < 0 {
			if w.failed() != nil {
				return first, w.failed()
			}
			end = len(w.rest())
		}
		rec.length, rec.next = t.withoutCR(end), t.after(end)
		if rec.length > w.maxUnits() || end > w.maxUnits()+lineEndUnits {
			first.problem = RecordTooLong
			return first, nil
		}
		if !unclosed(w.rest()[quote+1:rec.length], t.split.delimiter, true) {
			return rec, nil
		}
	}
}

// closingQuote is like the function of that name, on the window.
func (t *text) closingQuote(from int) int {
	for {
		i := t.window.find('"', from)
		if i < 0 || i > t.window.maxUnits() {
			return -1
		}
		if !t.window.holds(i+1) || t.window.rest()[i+1] != '"' {
			return i
		}
		from = i + 2
	}
}

// endsCell says whether only spaces stand between i and the end of a cell.
func (t *text) endsCell(i int) bool {
	for ; t.window.holds(i); i++ {
		switch t.window.rest()[i] {
		case t.split.delimiter, t.eol:
			return true
		case ' ', '\r':
		default:
			return false
		}
	}
	return i <= t.window.maxUnits()
}
