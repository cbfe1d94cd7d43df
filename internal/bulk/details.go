package bulk

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet/record"
)

// Detail is the result of one row, as JSON.
type Detail struct {
	Line       int               `json:"line"`
	Identifier string            `json:"identifier"`
	UserID     string            `json:"userId,omitempty"`
	Outcome    string            `json:"outcome" enum:"created,updated,unchanged,skipped,failed"`
	Changes    []Change          `json:"changes"`
	Errors     []source.RowError `json:"errors"`
	Cells      []ErrorCell       `json:"-"` // with an error
	Removed    bool              `json:"-"` // an undo removed the member; the only change
	Withheld   bool              `json:"-"` // the data of the person was erased
}

// ErrorCell is a cell with an error, as it was read.
type ErrorCell struct {
	Cell   int // index of the column, from 0
	Column string
	Text   string
}

// Change is the change of a field; null is unset. Roles and tags are lists of
// names.
type Change struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// stateName is the field of a Change for the membership itself; a removed member
// has none.
const stateName = "state"

// DetailFilter selects rows of a job; zero values match all.
type DetailFilter struct {
	Outcome string
	Line    int
	Errors  errorgroup.Filter
	Cursor  string // of the previous page
	Limit   int    // at most 200
}

// Details returns rows of a job in the order of processing, and the cursor of
// the next page ("": none). It fails with NotFound job_not_found, Gone expired,
// or Invalid unknown_outcome, invalid_cursor.
func (b *Bulk) Details(ctx context.Context, caller actor.Actor, communityID, jobID string, f DetailFilter) ([]Detail, string, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, "", err
	}
	j, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return nil, "", err
	}
	wanted := outcome.Parse(f.Outcome)
	if f.Outcome != "" && wanted == 0 {
		return nil, "", errs.New(errs.Invalid, "unknown_outcome", "An outcome is created, updated, unchanged, skipped or failed.")
	}
	number, skip, err := outcome.ParseCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := min(max(f.Limit, 1), 200)
	var chosen []outcome.Record
	for {
		batch, err := outcome.Find(ctx, b.db, j.CommunityID, j.ID, number, wanted, f.Line)
		if err != nil {
			return nil, "", err
		}
		if batch == nil {
			details, err := b.describe(ctx, &j, chosen)
			return details, "", err
		}
		list, err := f.Errors.Unpack(batch)
		if err != nil {
			return nil, "", err
		}
		if batch.Number != number {
			skip = 0
		}
		number = batch.Number
		for i := skip; i < len(list); i++ {
			if wanted != 0 && list[i].Outcome != wanted || f.Line > 0 && list[i].Pos.Line != f.Line || !f.Errors.Matches(&list[i]) {
				continue
			}
			if len(chosen) == limit {
				details, err := b.describe(ctx, &j, chosen)
				return details, fmt.Sprintf("%d-%d", number, i), err
			}
			chosen = append(chosen, list[i])
		}
		number, skip = number+1, 0
	}
}

// describe reads the rows again for the values that are only in the file.
func (b *Bulk) describe(ctx context.Context, j *job.Job, list []outcome.Record) ([]Detail, error) {
	details := make([]Detail, len(list))
	if len(list) == 0 {
		return details, nil
	}
	rows, err := b.openRows(ctx, j)
	if err != nil {
		return nil, err
	}
	defer rows.close()
	subjects := make([][]string, len(list))
	for _, i := range outcome.InFileOrder(list) {
		if details[i], subjects[i], err = rows.detail(&list[i]); err != nil {
			return nil, err
		}
	}
	hidden, err := b.withheld(ctx, rows, subjects)
	for i := range hidden {
		if hidden[i] {
			details[i] = details[i].erased()
		}
	}
	return details, err
}

// rowReader reads single rows of a job's file.
type rowReader struct {
	job     *job.Job // has the rows
	upload  *job.Job // has the file: job, or the one that it undoes
	table   source.File
	columns *source.Header
	reader  *source.Reader
	fields  map[string]*field.Field
	names   member.Names
	undo    bool              // the rows are undone
	only    errorgroup.Filter // of a file of failed rows
	last    record.Row

	communityID string
	uploadedAt  int64 // Unix milliseconds
}

// openRows opens the file of a job; of an undo, that of the original job.
func (b *Bulk) openRows(ctx context.Context, j *job.Job) (*rowReader, error) {
	original := *j
	if j.Type == job.Undo {
		var err error
		if original, err = job.Load(ctx, b.db, j.CommunityID, j.ParentID); err != nil {
			return nil, err
		}
	}
	d, err := job.LoadDictionary(ctx, b.db, &original)
	if err != nil {
		return nil, err
	}
	l := &rowReader{job: j, upload: &original, fields: map[string]*field.Field{}, undo: j.Type == job.Undo, communityID: j.CommunityID, uploadedAt: original.UploadedAt()}
	for i := range d.Fields {
		l.fields[d.Fields[i].ID] = &d.Fields[i]
	}
	for _, f := range posting.Columns {
		l.fields[f.ID] = f
	}
	if l.names, err = member.LoadNames(ctx, b.db, j.CommunityID); err != nil {
		return nil, err
	}
	if err := b.verify(ctx, &original); err != nil {
		return nil, err
	}
	if l.table, err = b.openTable(ctx, &original, b.detailSlots); err != nil {
		return nil, err
	}
	l.columns = d.ReadHeaderTolerant(l.table.Header(), original.Options.Mapping)
	_ = l.columns.SetValues(original.Options.Values) // checked at the start of the job
	corrected, err := correction.Load(ctx, b.db, original.CommunityID, original.ID)
	if err != nil {
		l.close()
		return nil, err
	}
	l.columns.SetCorrections(corrected)
	l.reader = source.NewReader(l.columns, original.Formats(), false)
	return l, nil
}

func (l *rowReader) close() { l.table.Close() }

// source reads the row of a record.
func (l *rowReader) source(rec *outcome.Record) (*record.Row, error) {
	if err := l.table.Seek(rec.Pos); err != nil {
		return nil, err
	}
	if err := l.table.Next(&l.last); err != nil {
		return nil, err
	}
	l.columns.Correct(&l.last)
	return &l.last, nil
}

// detail returns the detail of a record and the subjects of its row.
func (l *rowReader) detail(rec *outcome.Record) (d Detail, subjects []string, err error) {
	d = Detail{Line: rec.Pos.Line, UserID: rec.UserID, Outcome: rec.Outcome.String(), Changes: []Change{}, Errors: rec.Errors}
	if d.Errors == nil {
		d.Errors = []source.RowError{}
	}
	src, err := l.source(rec)
	if err != nil {
		return d, nil, err
	}
	r := l.reader.Read(src)
	d.Identifier = r.Identifier()
	if rec.Outcome == outcome.Failed && src.Problem == "" {
		d.Cells = l.errorCells(rec, src)
	}
	switch {
	case rec.Outcome == outcome.Created:
		d.Changes = l.created(&r)
	case l.undo && rec.Outcome == outcome.Updated && len(rec.Changes) == 0: // a created member was removed
		d.Removed, d.Changes = true, append(d.Changes, Change{Field: stateName, Old: member.Active})
	}
	for _, c := range rec.Changes {
		change, err := l.change(&c)
		if err != nil {
			return d, nil, err
		}
		d.Changes = append(d.Changes, change)
	}
	return d, l.subjects(rec, &r), nil
}

// errorCells returns the cells of a failed row with an error.
func (l *rowReader) errorCells(rec *outcome.Record, src *record.Row) (cells []ErrorCell) {
	texts := src.Texts(l.columns.ReadsShown)
	for i := range rec.Errors {
		at := l.columns.IndexOf(rec.Errors[i].Column)
		if at < 0 || slices.ContainsFunc(cells, func(c ErrorCell) bool { return c.Cell == at }) {
			continue
		}
		cell := ErrorCell{Cell: at, Column: rec.Errors[i].Column}
		if at < len(texts) {
			cell.Text = texts[at]
		}
		cells = append(cells, cell)
	}
	return cells
}

// created returns the values of a created member.
func (l *rowReader) created(r *source.Row) []Change {
	changes := make([]Change, 0, len(r.Cells)+1)
	if r.Email != "" {
		changes = append(changes, Change{Field: field.EmailName, New: r.Email})
	}
	for i := range r.Cells {
		s := &r.Cells[i]
		value := s.Value
		if list, ok := value.(source.Names); ok {
			value = slices.Compact(slices.Sorted(slices.Values(list)))
		}
		if value != nil {
			changes = append(changes, Change{Field: s.Field.Field, New: value})
		}
	}
	return changes
}

func (l *rowReader) change(c *outcome.Change) (Change, error) {
	old, err := c.Before()
	if err != nil {
		return Change{}, err
	}
	made, err := c.After()
	if err != nil {
		return Change{}, err
	}
	f := l.fields[c.Field]
	if f == nil {
		return Change{Field: c.Field, Old: old, New: made}, nil
	}
	return Change{Field: f.Field, Old: l.names.Show(f, old), New: l.names.Show(f, made)}, nil
}
