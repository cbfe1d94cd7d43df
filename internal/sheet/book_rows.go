package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// sheetRows reads the rows of one sheet. Rows without a value are none.
type sheetRows struct {
	book     *book
	part     string
	open     *part
	maxCells int
	last     int   // number of the row before
	done     bool  // the last row was read
	from     int64 // rows before this number are passed over
	text     []byte
}

func (r *sheetRows) limit(cells int) { r.maxCells = cells }

func (r *sheetRows) progress() (done, total int64) {
	f := r.book.parts[partKey(r.part)]
	total = r.book.total
	if r.done {
		return total, total
	}
	if r.open == nil || f == nil || f.UncompressedSize64 == 0 {
		return 0, total
	}
	share := float64(r.open.read) / float64(f.UncompressedSize64)
	return int64(min(share, 1) * float64(total)), total
}

func (r *sheetRows) close() error {
	r.stop()
	return r.book.close()
}

func (r *sheetRows) stop() {
	if r.open != nil {
		r.open.close()
		r.open = nil
	}
	r.last, r.done = 0, false
}

func (r *sheetRows) seek(p Pos) error {
	if p.Offset <= int64(r.last) || r.done {
		r.stop()
	}
	r.from = p.Offset
	return nil
}

func (r *sheetRows) next(row *Row) error {
	if r.done {
		return io.EOF
	}
	if r.open == nil {
		p, err := r.book.part(r.part)
		if err != nil {
			return err
		}
		r.open = p
	}
	for {
		number, err := r.nextRow()
		if err != nil {
			return err
		}
		r.last = number
		if row.Cells, err = r.cells(row.Cells[:0]); err != nil {
			return err
		}
		if len(row.Cells) > 0 && int64(number) >= r.from {
			row.Line, row.Problem, row.Raw = number, "", nil
			row.Pos = Pos{Offset: int64(number), Line: number}
			row.End = Pos{Offset: int64(number) + 1, Line: number + 1}
			return nil
		}
	}
}

// nextRow goes to the next row element and returns its number. Numbers that
// do not rise, which no good writer makes, are replaced.
func (r *sheetRows) nextRow() (int, error) {
	for {
		kind, err := r.open.inside()
		if err != nil {
			return 0, err
		}
		switch {
		case kind == startTag && r.open.is("row"):
			r.open.renew()
			number, err := strconv.Atoi(string(r.open.rawAttr("r")))
			if err != nil || number <= r.last || number > maxRows {
				number = r.last + 1
			}
			return number, nil
		case kind == endTag && r.open.is("sheetData"):
			return 0, r.end()
		}
	}
}

// maxRows is far more than a sheet can have.
const maxRows = 1 << 30

// end reads what follows the rows, so that a part that is broken there, or
// whose checksum is wrong, does not pass for a good one.
func (r *sheetRows) end() error {
	_, err := io.Copy(io.Discard, r.open.body)
	switch {
	case err == nil:
		r.done = true
		return io.EOF
	case errors.Is(err, ErrDamaged):
		return err
	}
	return r.book.src.blame(err)
}

// cells reads to the end of the row. Empty cells at its end are dropped.
func (r *sheetRows) cells(cells []string) ([]string, error) {
	column := 0
	for {
		kind, err := r.open.inside()
		if err != nil {
			return cells, err
		}
		switch {
		case kind == startTag && r.open.is("c"):
			column = columnOf(r.open.rawAttr("r"), column)
			value, err := r.cell()
			if err != nil {
				return cells, err
			}
			cells = r.put(cells, column-1, value)
		case kind == endTag && r.open.is("row"):
			return cells, nil
		}
	}
}

// put makes value the cell at index i, with empty ones before it. What is
// beyond the limit becomes the last cell.
func (r *sheetRows) put(cells []string, i int, value string) []string {
	if value == "" {
		return cells
	}
	i = min(i, r.maxCells-1)
	for len(cells) <= i {
		cells = append(cells, "")
	}
	cells[i] = value
	return cells
}

// columnOf reads the column, from 1, of a reference such as AB12; the one
// after last when there is no reference.
func columnOf(ref []byte, last int) int {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	if n == 0 {
		return last + 1
	}
	return n
}

// cell reads to the end of a c element and returns its value as text.
func (r *sheetRows) cell() (string, error) {
	kind := kindOf(r.open.rawAttr("t"))
	style, _ := strconv.Atoi(string(r.open.rawAttr("s"))) // no style is the first
	r.text = r.text[:0]
	for {
		token, err := r.open.inside()
		if err != nil {
			return "", err
		}
		switch {
		case token == startTag && r.open.is("v"):
			r.text, err = r.open.appendText(r.text[:0], "v")
		case token == startTag && r.open.is("is"):
			r.text, err = r.open.richText(r.text[:0], "is")
		case token == endTag && r.open.is("c"):
			return r.value(kind, style)
		}
		if err != nil {
			return "", err
		}
	}
}

// cellKind is what the t of a cell says.
type cellKind int

const (
	numberCell cellKind = iota
	sharedCell
	textCell
	errorCell
	boolCell
	dateCell
)

func kindOf(t []byte) cellKind {
	switch string(t) {
	case "s":
		return sharedCell
	case "inlineStr", "str":
		return textCell
	case "e":
		return errorCell
	case "b":
		return boolCell
	case "d":
		return dateCell
	}
	return numberCell
}

// value is what a cell of that kind and style says.
func (r *sheetRows) value(kind cellKind, style int) (string, error) {
	raw := string(r.text)
	if raw == "" {
		return "", nil
	}
	switch kind {
	case sharedCell:
		i, err := strconv.Atoi(strings.TrimSpace(raw))
		if err != nil {
			i = -1
		}
		return r.book.strings.get(i)
	case textCell:
		return unescape(raw), nil
	case errorCell:
		return raw, nil
	case boolCell:
		if strings.TrimSpace(raw) == "1" {
			return "TRUE", nil
		}
		return "FALSE", nil
	case dateCell:
		return isoDate(raw), nil
	}
	return r.book.number(raw, style), nil
}
