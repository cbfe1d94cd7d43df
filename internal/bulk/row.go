package bulk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/text"
)

// Problem is one thing that is wrong with a row.
type Problem struct {
	Column  string `json:"column"` // header as in the file; "" when the row as a whole is wrong
	Code    string `json:"code"`
	Message string `json:"message"`
	Value   string `json:"value"`
}

const (
	clearToken   = "__CLEAR__"
	maxShown     = 200 // characters of a value kept in a Problem
	everyoneRole = "@all"
)

// row is a row of the file, read and checked as far as that goes without
// knowing whose it is.
type row struct {
	line        int
	pos         sheet.Pos
	email       string
	emailKey    string
	username    string
	usernameKey string
	userRef     string // the user_id cell
	sets        []set
	problems    []Problem
	empty       bool
	stale       bool // the row would do something else than its plan says
}

// set is one cell that says what a field is to be.
type set struct {
	field  *field.Field
	column *column
	text   string
	value  any // nil: clear; names of roles and tags; else as the field keeps it
	op     operation
}

// names of roles or tags, as a cell lists them.
type names []string

// operation is what a cell does to a number.
type operation byte

const (
	overwrite operation = iota
	add
	subtract // the value is negated already
)

var operations = map[string]operation{"overwrite": overwrite, "add": add, "subtract": subtract}

// reader turns rows of a file into rows. It belongs to one goroutine.
type reader struct {
	layout  *layout
	formats field.Formats
	open    bool                                  // open imports may not clear
	ops     map[*field.Field]string               // operations of the row at hand
	cells   map[*field.Field]map[string]cellValue // values of cells that repeat
	room    []set                                 // for the sets of rows to come
	blocks  [][]set                               // that the sets of the piece at hand are in
	free    [][]set                               // to be used again
	rows    []row                                 // to be used again
}

type cellValue struct {
	value   any
	problem *field.Problem
}

func newReader(l *layout, formats field.Formats, open bool) *reader {
	return &reader{layout: l, formats: formats, open: open, ops: map[*field.Field]string{}, cells: map[*field.Field]map[string]cellValue{}}
}

// read checks one row. The strings of the result point into the record of
// src, which the caller must not reuse.
func (rd *reader) read(src *sheet.Row) row {
	r := row{line: src.Line, pos: src.Pos}
	if src.Problem != "" {
		r.fail("", src.Problem, sheetProblems[src.Problem], strings.Join(src.Cells, " "))
		return r
	}
	if rd.lostText(src.Cells) {
		r.fail("", sheet.BadEncoding, "The row was given back because its bytes were not text, and the marks in their place are still there.", strings.Join(src.Cells, " "))
		return r
	}
	r.empty = true
	r.sets = rd.roomFor(len(src.Cells))
	clear(rd.ops)
	for i, cell := range src.Cells {
		text := trimCell(cell)
		if text == "" {
			continue
		}
		if i >= len(rd.layout.columns) {
			// Whatever else is wrong with such a row comes of its cells having moved.
			r.empty, r.problems, r.sets = false, nil, r.sets[:0]
			r.fail("", "too_many_cells", fmt.Sprintf("The row has more cells than the header has columns (%d).", len(rd.layout.columns)), text)
			break
		}
		c := &rd.layout.columns[i]
		if c.nameless {
			r.empty = false
			r.fail("", "value_without_header", fmt.Sprintf("Column %d (%s) has a value here and no header: name the column, or empty it.", i+1, letters(i)), text)
			continue
		}
		if c.ignored() {
			continue
		}
		r.empty = false
		if text == clearToken && c.field != nil && clears(cell) {
			rd.clear(&r, c)
			continue
		}
		rd.cell(&r, c, text)
	}
	if rd.layout.operations {
		rd.operations(&r)
	}
	rd.room = rd.room[len(r.sets):]
	return r
}

// begin returns room for the rows of a piece.
func (rd *reader) begin(rows int) []row {
	rd.room, rd.blocks = nil, nil
	if cap(rd.rows) < rows {
		return make([]row, 0, rows)
	}
	again := rd.rows[:0]
	rd.rows = nil
	return again
}

// reuse takes the memory of a piece's rows for those of another.
func (rd *reader) reuse(p *piece) {
	clear(p.rows)
	rd.rows = p.rows[:0]
	for _, block := range p.blocks {
		clear(block)
		rd.free = append(rd.free, block)
	}
	p.rows, p.blocks = nil, nil
}

// roomFor returns an empty slice with room for n sets: rows share large blocks
// instead of asking for memory one by one.
func (rd *reader) roomFor(n int) []set {
	const block = 2_048
	if len(rd.room) >= n {
		return rd.room[:0:n]
	}
	if last := len(rd.free) - 1; last >= 0 && len(rd.free[last]) >= n {
		rd.room, rd.free = rd.free[last], rd.free[:last]
	} else {
		rd.room = make([]set, max(n, block))
	}
	rd.blocks = append(rd.blocks, rd.room)
	return rd.room[:0:n]
}

// lostText reports whether a row of a failed.csv comes back with what its
// undecodable bytes were shown as.
func (rd *reader) lostText(cells []string) bool {
	at := rd.layout.errorCode
	if at == 0 || at >= len(cells) || !strings.Contains(cells[at], sheet.BadEncoding) {
		return false
	}
	return slices.ContainsFunc(cells, func(cell string) bool { return strings.ContainsRune(cell, utf8.RuneError) })
}

var sheetProblems = map[string]string{
	"bad_encoding":    "The row has bytes that are not text in the file's encoding.",
	"record_too_long": "The row is longer than 1 MiB.",
	"open_quote":      "A quotation mark is opened in this row and never closed.",
}

// trimCell removes white space around a value and the apostrophe that
// escapeCell puts before it. Of several apostrophes it removes one.
func trimCell(cell string) string {
	text := strings.TrimSpace(cell)
	if text == "" || text[0] != '\'' {
		return text
	}
	rest := strings.TrimLeft(text, "'")
	switch {
	case rest != clearToken && !sheet.StartsFormula(rest):
		return text
	case rest == text[1:] && strings.TrimLeftFunc(rest, unicode.IsSpace) != rest:
		return trimCell(rest) // white space that was escaped
	}
	return text[1:]
}

// clears reports whether a cell says that its value is to be cleared. With an
// apostrophe before it the word is a value.
func clears(cell string) bool { return strings.TrimSpace(cell) == clearToken }

func (rd *reader) cell(r *row, c *column, text string) {
	switch {
	case c.userID:
		r.userRef = text
	case c.operation != nil:
		rd.ops[c.operation] = strings.ToLower(text)
	case c.field.Field == field.EmailName:
		display, key, problem := account.CheckEmail(text)
		if problem != "" {
			r.fail(c.header, "invalid_email", problem, text)
		}
		r.email, r.emailKey = display, key
	case c.field.Field == field.Username:
		display, key, problem := account.CheckUsername(text)
		if problem != "" {
			r.fail(c.header, "invalid_username", problem, text)
		}
		r.username, r.usernameKey = display, key
		r.sets = append(r.sets, set{field: c.field, column: c, text: text, value: display})
	case c.field.Type == field.RoleList, c.field.Type == field.TagList:
		rd.names(r, c, text)
	default:
		value, problem := rd.value(c.field, text)
		if problem != nil {
			r.fail(c.header, problem.Code, problem.Said.English, text)
			return
		}
		if list, ok := value.([]string); ok && len(list) == 0 {
			return // nothing but commas is an empty cell
		}
		r.sets = append(r.sets, set{field: c.field, column: c, text: text, value: value})
	}
}

// names reads a list of roles or tags. Nothing but commas is an empty cell;
// @all alone leaves no other role.
func (rd *reader) names(r *row, c *column, text string) {
	list := splitNames(text)
	switch {
	case len(list) > 0:
	case !strings.Contains(text, everyoneRole):
		return
	case rd.open:
		r.fail(c.header, "clear_not_allowed", "An import without a credential cannot take roles away.", text)
		return
	}
	r.sets = append(r.sets, set{field: c.field, column: c, text: text, value: list})
}

// value remembers what cells of few different texts mean.
func (rd *reader) value(f *field.Field, text string) (any, *field.Problem) {
	switch f.Type {
	case field.Country, field.Language, field.Select, field.MultiSelect:
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
		cached := len(known) < 1_000 && len(text) <= maxShown
		if cached {
			text = strings.Clone(text) // the cache must not keep the whole record
		}
		v.value, v.problem = f.FromText(text, rd.formats)
		if cached {
			known[text] = v
		}
	}
	return v.value, v.problem
}

func (rd *reader) clear(r *row, c *column) {
	f := c.field
	switch {
	case rd.open:
		r.fail(c.header, "clear_not_allowed", "An import without a credential cannot clear values.", clearToken)
	case f.Required:
		r.fail(c.header, "cannot_clear", fmt.Sprintf("%s is required and cannot be cleared.", f.Name), clearToken)
	default:
		r.sets = append(r.sets, set{field: f, column: c, text: clearToken})
	}
}

// operations gives numbers their operation once the whole row is read.
func (rd *reader) operations(r *row) {
	for _, c := range rd.layout.columns {
		if c.operation == nil {
			continue
		}
		op := rd.ops[c.operation]
		var target *set
		for i := range r.sets {
			if r.sets[i].field == c.operation {
				target = &r.sets[i]
			}
		}
		switch {
		case target == nil: // an operation without a value says nothing
		case op == "":
			r.fail(c.header, "missing_operation", "Say add, subtract or overwrite.", "")
		default:
			rd.operate(r, &c, target, op)
		}
	}
}

func (rd *reader) operate(r *row, c *column, target *set, text string) {
	op, known := operations[text]
	n, number := target.value.(json.Number)
	switch {
	case !known:
		r.fail(c.header, "unknown_operation", "Say add, subtract or overwrite.", text)
	case op != overwrite && !number:
		r.fail(c.header, "unknown_operation", "Only overwrite can clear a value.", text)
	case op == subtract:
		target.value = field.Negated(n)
	}
	target.op = op
}

// splitNames returns the names in a cell as names are stored.
func splitNames(cell string) names {
	list := names{}
	for name := range strings.SplitSeq(cell, ",") {
		if name = text.Name(trimCell(name)); name != "" && name != everyoneRole {
			list = append(list, name)
		}
	}
	return list
}

func (r *row) fail(column, code, message, value string) {
	if shown := []rune(value); len(value) > maxShown && len(shown) > maxShown {
		value = string(shown[:maxShown]) + "…"
	}
	r.problems = append(r.problems, Problem{column, code, message, value})
}

// identifier is what a person calls this row's person by.
func (r *row) identifier() string {
	switch {
	case r.email != "":
		return r.email
	case r.username != "":
		return r.username
	case r.userRef != "":
		return r.userRef
	}
	if s := r.identifying(); s != nil {
		return s.text
	}
	return ""
}

// identifying is the first cell of an identifier field of the community's own,
// nil when there is none.
func (r *row) identifying() *set {
	for i := range r.sets {
		if s := &r.sets[i]; s.field.Identifier && !s.field.Default && s.value != nil {
			return s
		}
	}
	return nil
}
