// Package source reads files of members: the header, and rows that are checked as
// far as that is possible without the members of the community.
package source

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/text"
)

// Reader checks the rows of a file. It belongs to one goroutine.
type Reader struct {
	header  *Header
	formats field.Formats
	open    bool                                  // imports without a credential cannot clear values
	country string                                // of the national phone numbers of the current row
	ops     map[*field.Field]string               // operations of the current row
	cells   map[*field.Field]map[string]cellValue // values of repeated cells
	spare   []Cell                                // for the cells of the next rows
	blocks  [][]Cell                              // with the cells of the current batch
	free    [][]Cell                              // for reuse
	rows    []Row                                 // for reuse
}

type cellValue struct {
	value   any
	problem *field.Problem
}

// NewReader returns a reader of rows; open means an import without a
// credential.
func NewReader(l *Header, formats field.Formats, open bool) *Reader {
	return &Reader{header: l, formats: formats, open: open, ops: map[*field.Field]string{}, cells: map[*field.Field]map[string]cellValue{}}
}

// Read checks one row. The strings of the result point into the record of src,
// which the caller must not reuse.
func (rd *Reader) Read(src *record.Row) Row {
	r := Row{Line: src.Line, Pos: src.Pos, Hidden: src.Hidden}
	rd.header.Correct(src)
	if rd.damaged(&r, src) {
		return r
	}
	r.Empty = true
	r.Cells = rd.cellsFor(len(src.Cells))
	rd.country = rd.countryOf(src.Cells)
	clear(rd.ops)
	m := marks{shown: src.Shown, problems: src.CellProblems}
	for i, cell := range src.Cells {
		text := trimCell(cell)
		if text == "" {
			continue
		}
		if i >= len(rd.header.Columns) {
			// Other errors of such a row result from shifted cells.
			r.Empty, r.Errors, r.Cells = false, nil, r.Cells[:0]
			r.fail("", "too_many_cells", errs.NewSentence("The row has more cells than the header has columns (%d).", len(rd.header.Columns)), text)
			break
		}
		c := &rd.header.Columns[i]
		if c.blank {
			r.Empty = false
			r.fail("", "value_without_header", errs.NewSentence("Column %d (%s) has a value but no header. Name the column, or clear its cells.", i+1, columnLetters(i)), text)
			continue
		}
		if c.ignored() {
			continue
		}
		rd.readCell(&r, c, src, i, cell, &m)
	}
	if rd.header.operations {
		rd.operations(&r)
	}
	rd.amounts(&r)
	rd.spare = rd.spare[len(r.Cells):]
	return r
}

// readCell reads a cell that is not empty.
func (rd *Reader) readCell(r *Row, c *Column, src *record.Row, i int, cell string, m *marks) {
	text, clears, code := rd.content(c, src, i, cell, m)
	if text == "" {
		return
	}
	r.Empty = false
	switch {
	case code != "":
		r.fail(c.Header, code, errs.Constant(cellErrors[code]), text)
	case clears && c.Field != nil:
		rd.clear(r, c)
	default:
		rd.cell(r, c, text)
	}
}

// content returns the text to read from a cell that is not empty: "" if it is mapped
// to an empty one. clears reports whether it clears the value; code is that of a cell
// without a value.
func (rd *Reader) content(c *Column, src *record.Row, i int, cell string, m *marks) (text string, clears bool, code string) {
	text = m.text(i, c, trimCell(cell))
	if to, ok := c.replaced(text, rd.formats.ListSeparator()); ok {
		cell, text = to, trimCell(to)
	} else if code = rd.problem(src, i, trimCell(cell), m); code != "" {
		return trimCell(cell), false, code
	}
	return text, text == clearToken && Clears(cell), ""
}

// damaged adds the finding of a record whose cells are uncertain.
func (rd *Reader) damaged(r *Row, src *record.Row) bool {
	switch {
	case src.Problem == record.BadQuoting:
		rd.rejectQuoting(r, src.BadCell, src.Cells)
	case src.Problem != "":
		r.fail("", src.Problem, errs.Constant(sheetErrors[src.Problem]), strings.Join(src.Cells, " "))
	case rd.lostText(src):
		r.fail("", record.BadEncoding, errs.Constant("The row was rejected for bytes that are not text, and still has replacement characters. Correct them."), strings.Join(src.Cells, " "))
	default:
		at := rd.lostQuoting(src)
		if at < 0 {
			return false
		}
		rd.rejectQuoting(r, at, src.Cells)
	}
	return true
}

// lostText reports whether a row of a failed.csv has replacement characters for
// undecodable bytes.
func (rd *Reader) lostText(src *record.Row) bool {
	return rd.failedBefore(src, record.BadEncoding) && slices.ContainsFunc(src.Cells, func(cell string) bool { return strings.ContainsRune(cell, utf8.RuneError) })
}

// rejectQuoting adds the finding of a cell with text after its closing quotation
// mark.
func (rd *Reader) rejectQuoting(r *Row, at int, cells []string) {
	column := ""
	if at < len(rd.header.Columns) {
		column = rd.header.Columns[at].Header
	}
	r.fail(column, record.BadQuoting, errs.Constant(`The cell has text after its closing quotation mark. Double each quotation mark inside a quoted cell, as in "Ada ""Countess"" Byron".`), cells[at])
}

// lostQuoting returns the cell of a row of a failed.csv that is still as it was
// rejected for its quotation marks; -1: none.
func (rd *Reader) lostQuoting(src *record.Row) int {
	if !rd.failedBefore(src, record.BadQuoting) {
		return -1
	}
	return slices.IndexFunc(src.Cells[:min(len(src.Cells), len(rd.header.Columns))], func(cell string) bool {
		rest, opened := strings.CutPrefix(cell, `"`)
		return opened && strings.Contains(rest, `"`)
	})
}

var sheetErrors = map[string]string{
	"bad_encoding":    "The row has bytes that are not text in the file's encoding.",
	"record_too_long": "The row is longer than 1 MiB.",
	"open_quote":      "A quotation mark is opened in this row and never closed.",
}

func (rd *Reader) cell(r *Row, c *Column, text string) {
	switch {
	case c.userID:
		r.UserRef = text
	case c.reason:
		rd.reason(r, c, text)
	case posting.UnitOf(c.Field) != "":
		rd.amount(r, c, text)
	case c.operation != nil:
		rd.ops[c.operation] = strings.ToLower(text)
	case c.Field.Field == field.EmailName && c.Field.Default:
		if rejectInvisible(r, c, text) {
			return
		}
		display, key, problem := account.CheckEmail(text)
		if problem != "" {
			r.fail(c.Header, "invalid_email", errs.Constant(problem), text)
		}
		r.Email, r.EmailKey = display, key
	case c.Field.Field == field.Username && c.Field.Default:
		if rejectInvisible(r, c, text) {
			return
		}
		display, key, problem := account.CheckUsername(text)
		if problem != "" {
			r.fail(c.Header, "invalid_username", errs.Constant(problem), text)
		}
		r.Username, r.UsernameKey = display, key
		r.Cells = append(r.Cells, Cell{Field: c.Field, Column: c, Text: text, Value: display})
	case c.Field.Type == field.RoleList, c.Field.Type == field.TagList:
		rd.names(r, c, text)
	default:
		value, problem := rd.value(c.Field, text)
		if problem != nil {
			rd.failValue(r, c, problem, text)
			return
		}
		if list, ok := value.([]string); ok && len(list) == 0 {
			return // only commas: an empty cell
		}
		r.Cells = append(r.Cells, Cell{Field: c.Field, Column: c, Text: text, Value: value})
	}
}

// failValue adds the error of a cell, or those of its unknown options.
func (rd *Reader) failValue(r *Row, c *Column, problem *field.Problem, text string) {
	var unknown CellErrors
	for _, option := range c.Field.UnknownOptions(text, rd.formats) {
		unknown.Add(c.Header, problem.Code, problem.Said, option)
	}
	if r.Errors = append(r.Errors, unknown.List...); len(unknown.List) == 0 {
		r.fail(c.Header, problem.Code, problem.Said, text)
	}
}

// rejectInvisible adds a finding to an email or username with an invisible
// character in it, which people cannot find by themselves.
func rejectInvisible(r *Row, c *Column, cell string) bool {
	found := text.FirstInvisible(cell)
	if found != 0 {
		r.fail(c.Header, "invalid_"+c.Field.Field, errs.NewSentence("The cell contains the invisible character %s. Delete it.", text.CodePoint(found)), cell)
	}
	return found != 0
}

// names reads a list of roles or tags. Only commas are an empty cell; @all alone
// removes all other roles.
func (rd *Reader) names(r *Row, c *Column, text string) {
	list := splitNames(text, rd.formats.ListSeparator())
	switch {
	case len(list) > 0:
	case !strings.Contains(text, everyoneRole):
		return
	case rd.open:
		r.fail(c.Header, "clear_not_allowed", errs.Constant("An import without a credential cannot remove roles."), text)
		return
	}
	r.Cells = append(r.Cells, Cell{Field: c.Field, Column: c, Text: text, Value: list})
}

// countryOf returns the country of the national phone numbers of a row: the one
// in its Country cell, else the one of the file.
func (rd *Reader) countryOf(cells []string) string {
	at := rd.header.country - 1
	if at < 0 || at >= len(cells) {
		return rd.formats.Country
	}
	c := &rd.header.Columns[at]
	text := trimCell(cells[at])
	if to, ok := c.replaced(text, rd.formats.ListSeparator()); ok {
		text = trimCell(to)
	}
	if value, problem := rd.value(c.Field, text); problem == nil {
		if country, ok := value.(string); ok {
			return country
		}
	}
	return rd.formats.Country
}

// value parses a cell, with a cache for fields with few different values.
func (rd *Reader) value(f *field.Field, text string) (any, *field.Problem) {
	switch f.Type {
	case field.Country, field.Language, field.Select, field.MultiSelect:
	case field.Phone:
		formats := rd.formats
		formats.Country = rd.country
		return f.FromText(text, formats)
	default:
		return f.FromText(text, rd.formats)
	}
	known := rd.cells[f]
	if known == nil {
		known = map[string]cellValue{}
		rd.cells[f] = known
	}
	v, ok := known[text]
	if !ok {
		cached := len(known) < 1_000 && len(text) <= MaxShown
		if cached {
			text = strings.Clone(text) // do not retain the whole record
		}
		v.value, v.problem = f.FromText(text, rd.formats)
		if cached {
			known[text] = v
		}
	}
	return v.value, v.problem
}

func (rd *Reader) clear(r *Row, c *Column) {
	f := c.Field
	switch {
	case rd.open:
		r.fail(c.Header, "clear_not_allowed", errs.Constant("An import without a credential cannot clear values."), clearToken)
	case posting.UnitOf(f) != "":
		r.fail(c.Header, "cannot_clear", errs.Constant("A balance cannot be cleared. Overwrite it with 0."), clearToken)
	case f.Required:
		r.fail(c.Header, "cannot_clear", errs.NewSentence("%s is required and cannot be cleared.", f.Label()), clearToken)
	default:
		r.Cells = append(r.Cells, Cell{Field: f, Column: c, Text: clearToken})
	}
}

// operations applies the operation columns to the numbers of the row.
func (rd *Reader) operations(r *Row) {
	for _, c := range rd.header.Columns {
		if c.operation == nil {
			continue
		}
		op := rd.ops[c.operation]
		var target *Cell
		for i := range r.Cells {
			if r.Cells[i].Field == c.operation {
				target = &r.Cells[i]
			}
		}
		switch {
		case target == nil: // an operation without a value is ignored
		case op == "":
			r.fail(c.Header, "missing_operation", errs.Constant("Use add, subtract or overwrite."), "")
		default:
			rd.operate(r, &c, target, op)
		}
	}
}

func (rd *Reader) operate(r *Row, c *Column, target *Cell, text string) {
	op, known := operations[text]
	n, number := target.Value.(json.Number)
	switch {
	case !known:
		r.fail(c.Header, "unknown_operation", errs.Constant("Use add, subtract or overwrite."), text)
	case posting.UnitOf(target.Field) != "":
	case op != Overwrite && !number:
		r.fail(c.Header, "unknown_operation", errs.Constant("Only overwrite can clear a value."), text)
	case op == subtract:
		target.Value = field.Negated(n)
	}
	target.Op = op
}

// maxBatchBytes limits a batch of very long rows.
const maxBatchBytes = 4 << 20

// maxBatchCells limits a batch of rows with many cells: about 16 MiB.
const maxBatchCells = 200_000

// maxBatchErrors limits a batch of rows with many errors.
const maxBatchErrors = 50_000

// Batch is a number of rows that are read and checked together.
type Batch struct {
	Rows           []Row
	Next           record.Pos // after the rows
	ProcessedBytes int64      // of the uploaded file
	Last           bool       // no rows follow
	blocks         [][]Cell   // with the cells of the rows
}

// ReadBatch reads at most limit rows. After an error the batch has the rows
// before it.
func (rd *Reader) ReadBatch(table File, limit int) (Batch, error) {
	b := Batch{Rows: rd.allocate(limit)}
	var src record.Row
	size, sets, problems := 0, 0, 0
	for len(b.Rows) < limit && size < maxBatchBytes && sets < maxBatchCells && problems < maxBatchErrors {
		err := table.Next(&src)
		if errors.Is(err, io.EOF) {
			b.Last = true
			break
		}
		if err != nil {
			return b, err
		}
		b.Rows = append(b.Rows, rd.Read(&src))
		b.Next = src.End
		row := &b.Rows[len(b.Rows)-1]
		sets += len(row.Cells)
		problems += len(row.Errors)
		size += bytesOf(&src)
		for i := range row.Errors {
			size += len(row.Errors[i].Message.English) + len(row.Errors[i].Value)
		}
	}
	b.blocks = rd.blocks
	b.ProcessedBytes, _ = table.Progress()
	return b, nil
}

// bytesOf estimates the memory of a row.
func bytesOf(src *record.Row) int {
	if src.Raw != nil {
		return len(src.Raw)
	}
	n := 0
	for _, cell := range src.Cells {
		n += len(cell)
	}
	return n
}

// allocate returns an empty slice for the rows of a batch.
func (rd *Reader) allocate(rows int) []Row {
	rd.spare, rd.blocks = nil, nil
	if cap(rd.rows) < rows {
		return make([]Row, 0, rows)
	}
	again := rd.rows[:0]
	rd.rows = nil
	return again
}

// Reuse reuses the memory of a batch that is no longer used.
func (rd *Reader) Reuse(b *Batch) {
	clear(b.Rows)
	rd.rows = b.Rows[:0]
	for _, block := range b.blocks {
		clear(block)
		rd.free = append(rd.free, block)
	}
	b.Rows, b.blocks = nil, nil
}

// Reset reuses the memory of all rows since the last batch.
func (rd *Reader) Reset() {
	rd.Reuse(&Batch{blocks: rd.blocks})
	rd.allocate(0)
}

// cellsFor returns an empty slice for n cells. Rows share large blocks, which
// saves allocations.
func (rd *Reader) cellsFor(n int) []Cell {
	const block = 2_048
	if len(rd.spare) >= n {
		return rd.spare[:0:n]
	}
	if last := len(rd.free) - 1; last >= 0 && len(rd.free[last]) >= n {
		rd.spare, rd.free = rd.free[last], rd.free[:last]
	} else {
		rd.spare = make([]Cell, max(n, block))
	}
	rd.blocks = append(rd.blocks, rd.spare)
	return rd.spare[:0:n]
}
