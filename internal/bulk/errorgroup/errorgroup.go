// Package errorgroup groups the errors of a job's failed rows by column, code and
// value, and selects the rows of a group.
package errorgroup

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Bounds of what is counted. Rows beyond them are in the counts of groups and jobs,
// but not among the values.
const (
	maxGroups      = 1_000
	maxValueGroups = 200    // groups with counted values
	maxValues      = 20_000 // different values of all groups
	shownValues    = 20     // of a group, the most frequent
)

// Group is the errors of a job with the same column and code.
type Group struct {
	Column    string        `json:"column"` // header as in the file; "": the whole row
	Code      string        `json:"code"`
	Message   errs.Sentence `json:"-"`    // of the first row
	Same      bool          `json:"same"` // all rows have this message, and it may be shown
	Rows      int64         `json:"rows"`
	FirstLine int           `json:"firstLine"`
	Values    []Value       `json:"values"` // the most frequent; a row may have several

	OtherValues int  `json:"otherValues"` // number of the others
	MoreValues  bool `json:"moreValues"`  // there are others that were not counted
}

// Value is the rows of a group with one value.
type Value struct {
	Text string `json:"text"`
	Rows int64  `json:"rows"`
}

// Groups are the groups of a job, the most frequent first.
type Groups struct {
	List    []Group
	Counted int64 // failed rows that are in the counts
}

// HideValues removes the values, and messages that may contain one.
func (g *Groups) HideValues() {
	for i := range g.List {
		one := &g.List[i]
		one.Values, one.OtherValues, one.MoreValues, one.Same = nil, 0, false, false
	}
}

// Filter selects rows by an error; the zero Filter matches every row.
type Filter struct {
	Code   string  // "": any
	Column *string // nil: any
	Value  *string // as ValueOf returns it; nil: any
}

// IsZero reports whether the filter matches every row.
func (f *Filter) IsZero() bool { return f.Code == "" && f.Column == nil && f.Value == nil }

// Matches reports whether a row has an error that the filter selects.
func (f *Filter) Matches(rec *outcome.Record) bool {
	return f.IsZero() || slices.ContainsFunc(rec.Errors, func(e source.RowError) bool {
		return (f.Code == "" || e.Code == f.Code) && (f.Column == nil || e.Column == *f.Column) && (f.Value == nil || e.Value == *f.Value)
	})
}

// Unpack returns the records of a batch; none if the batch has no row that the
// filter selects.
func (f *Filter) Unpack(batch *outcome.Batch) ([]outcome.Record, error) {
	var texts []string
	if f.Code != "" {
		texts = append(texts, f.Code)
	}
	if f.Column != nil {
		texts = append(texts, *f.Column)
	}
	if f.Value != nil {
		texts = append(texts, *f.Value)
	}
	return outcome.UnpackWith(batch.Outcomes, texts...)
}

// Each visits the failed rows of a job that a filter selects, in order.
func Each(ctx context.Context, q sqldb.Querier, communityID, jobID string, f Filter, visit func(*outcome.Record) error) error {
	for number := int64(0); ; {
		batch, err := outcome.Find(ctx, q, communityID, jobID, number, outcome.Failed, 0)
		if err != nil || batch == nil {
			return err
		}
		list, err := f.Unpack(batch)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Outcome != outcome.Failed || !f.Matches(&list[i]) {
				continue
			}
			if err := visit(&list[i]); err != nil {
				return err
			}
		}
		number = batch.Number + 1
	}
}

// errEnough ends a count at its limit.
var errEnough = errors.New("enough rows are counted")

// Count groups the first failed rows of a job, at most limit; 0 means all.
func Count(ctx context.Context, q sqldb.Querier, communityID, jobID string, limit int64) (Groups, error) {
	c := counter{groups: map[groupKey]*counted{}}
	err := Each(ctx, q, communityID, jobID, Filter{}, func(rec *outcome.Record) error {
		if limit > 0 && c.rows == limit {
			return errEnough
		}
		c.add(rec)
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return c.result(), err
}

type groupKey struct{ column, code string }

// counter counts rows by group and value.
type counter struct {
	groups map[groupKey]*counted
	rows   int64
	values int // different ones of all groups
}

type counted struct {
	Group
	values  map[string]rowCount
	lastRow int64 // that is counted; a row counts once
}

// rowCount is the rows with a value.
type rowCount struct {
	rows    int64
	lastRow int64 // that is counted
}

func (c *counter) add(rec *outcome.Record) {
	c.rows++
	for i := range rec.Errors {
		e := &rec.Errors[i]
		key := groupKey{e.Column, e.Code}
		g := c.groups[key]
		if g == nil {
			if len(c.groups) == maxGroups {
				continue
			}
			g = &counted{Group: Group{Column: e.Column, Code: e.Code, Message: e.Message, Same: true, FirstLine: rec.Pos.Line}}
			if len(c.groups) < maxValueGroups {
				g.values = map[string]rowCount{}
			}
			c.groups[key] = g
		}
		g.Same = g.Same && e.Message.English == g.Message.English
		if g.lastRow != c.rows {
			g.lastRow = c.rows
			g.Rows++
		}
		c.addValue(g, e.Value)
	}
}

func (c *counter) addValue(g *counted, text string) {
	if text == "" || g.values == nil {
		return
	}
	count, known := g.values[text]
	if !known {
		if c.values == maxValues {
			g.MoreValues = true
			return
		}
		c.values++
	}
	if count.lastRow != c.rows {
		g.values[text] = rowCount{count.rows + 1, c.rows}
	}
}

func (c *counter) result() Groups {
	list := make([]Group, 0, len(c.groups))
	for _, g := range c.groups {
		list = append(list, g.result())
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), a.FirstLine-b.FirstLine, strings.Compare(a.Column, b.Column), strings.Compare(a.Code, b.Code))
	})
	return Groups{List: list, Counted: c.rows}
}

func (g *counted) result() Group {
	texts := slices.Collect(maps.Keys(g.values))
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(g.values[b].rows, g.values[a].rows), strings.Compare(a, b))
	})
	result, shown := g.Group, min(len(texts), shownValues)
	for _, text := range texts[:shown] {
		result.Values = append(result.Values, Value{Text: text, Rows: g.values[text].rows})
	}
	result.OtherValues = len(texts) - shown
	return result
}
