package source

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// Choices are the different values of a column, as options of a new field.
type Choices struct {
	Texts     []string // in order, as written first in the file; at most field.MaxOptions
	Count     int      // all
	Partial   bool     // not all rows were read, so that Count is a minimum
	Unfit     int64    // cells with a value that cannot be an option
	UnfitLine int      // the first of them; 0: none
}

// ChoiceColumn is a column whose values are options of a field.
type ChoiceColumn struct {
	Index int
	Field *field.Field
}

// ChoiceInput is the columns of ReadChoices and how their cells are read.
type ChoiceInput struct {
	Columns     []ChoiceColumn // in ascending order
	Formats     field.Formats
	Values      Values
	Corrections []Correction
	MostRows    int   // 0: all
	MostBytes   int64 // of the rows; 0: all
}

// MaxChoices limits the values that ReadChoices counts, of all columns together.
const MaxChoices = 10_000

// maxRepeated limits the cells of a column that are recognised without reading them
// again.
const maxRepeated = 1_000

// ReadChoices returns the different values of columns, in one pass over the rows. It
// ends before the last row once all have more than MaxChoices values or, in a pass over
// the whole file, one has more than field.MaxOptions. A file that is damaged ends with its last readable row.
func ReadChoices(ctx context.Context, table File, in ChoiceInput) ([]Choices, error) {
	if err := table.Seek(table.Start()); err != nil {
		return nil, err
	}
	cr := newChoiceReader(table.Header(), in)
	var src record.Row
	var bytes int64
	for n := 0; ; n++ {
		if n%maxRepeated == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		err := table.Next(&src)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, unpack.ErrDamaged) && !errs.Is(err, "zip_bomb"):
			return cr.result(false), nil
		case err != nil:
			return nil, err
		case in.MostRows > 0 && n == in.MostRows, in.MostBytes > 0 && bytes > in.MostBytes, cr.full:
			return cr.result(true), nil
		}
		for _, cell := range src.Cells {
			bytes += int64(len(cell))
		}
		cr.read(&src)
	}
}

// choiceReader collects the values of columns.
type choiceReader struct {
	*Reader
	columns []choiceValues
	count   int  // of all columns
	full    bool // a column or all of them have too many
	whole   bool // all rows are wanted
}

// choiceValues are the values of one column.
type choiceValues struct {
	ChoiceColumn
	Choices
	keys     map[string]bool
	repeated map[string]bool // cells that were read
}

func newChoiceReader(header []string, in ChoiceInput) *choiceReader {
	l := &Header{Columns: make([]Column, len(header))}
	for i, text := range header {
		l.setErrorCode(i, text)
	}
	cr := &choiceReader{Reader: NewReader(l, in.Formats, false), whole: in.MostRows == 0}
	for _, c := range in.Columns {
		l.Columns[c.Index] = Column{Header: header[c.Index], Field: c.Field}
		l.Columns[c.Index].setValues(in.Values)
		cr.columns = append(cr.columns, choiceValues{ChoiceColumn: c, keys: map[string]bool{}, repeated: map[string]bool{}})
	}
	l.SetCorrections(in.Corrections)
	return cr
}

// read adds the values of a row, unless its cells are uncertain.
func (cr *choiceReader) read(src *record.Row) {
	cr.header.Correct(src)
	if row := (Row{}); cr.damaged(&row, src) {
		return
	}
	if known := len(cr.header.Columns); len(src.Cells) > known && slices.ContainsFunc(src.Cells[known:], func(cell string) bool { return trimCell(cell) != "" }) {
		return
	}
	m := marks{shown: src.Shown, problems: src.CellProblems}
	for i := range cr.columns {
		c := &cr.columns[i]
		if c.Index >= len(src.Cells) || trimCell(src.Cells[c.Index]) == "" {
			continue
		}
		text, clears, code := cr.content(&cr.header.Columns[c.Index], src, c.Index, src.Cells[c.Index], &m)
		if text == "" || clears || code != "" || c.repeated[text] {
			continue
		}
		before := c.Count
		c.add(text, src.Line, cr.formats.ListSeparator())
		cr.count += c.Count - before
		cr.full = cr.full || cr.whole && c.Count > field.MaxOptions || cr.count > MaxChoices
	}
}

// add adds the value of a cell, or its values.
func (c *choiceValues) add(cell string, line int, separator string) {
	fits := true
	if c.Field.Type == field.MultiSelect {
		for text := range strings.SplitSeq(cell, separator) {
			fits = c.addOption(text) && fits
		}
	} else {
		fits = c.addOption(cell)
	}
	switch {
	case !fits && c.Unfit == 0:
		c.Unfit, c.UnfitLine = 1, line
	case !fits:
		c.Unfit++
	case len(c.repeated) < maxRepeated && len(cell) <= MaxShown:
		c.repeated[strings.Clone(cell)] = true
	}
}

// addOption adds a value, and reports whether it can be an option; a blank one is none.
func (c *choiceValues) addOption(text string) bool {
	option, key, ok := c.Field.Type.NewOption(text)
	if !ok || c.keys[key] {
		return ok || option == ""
	}
	c.keys[strings.Clone(key)] = true
	if c.Count++; c.Count <= field.MaxOptions {
		c.Texts = append(c.Texts, strings.Clone(option))
	}
	return true
}

// result returns the values of each column in the order of people: 2 before 10.
func (cr *choiceReader) result(partial bool) []Choices {
	list := make([]Choices, len(cr.columns))
	order := collate.New(language.Und, collate.Numeric)
	for i, c := range cr.columns {
		list[i], list[i].Partial = c.Choices, partial
		slices.SortStableFunc(list[i].Texts, order.CompareString)
	}
	return list
}
