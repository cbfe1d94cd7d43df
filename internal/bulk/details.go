package bulk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
)

// Detail is what became of one row, as the wire shows it.
type Detail struct {
	Line       int       `json:"line"`
	Identifier string    `json:"identifier"`
	UserID     string    `json:"userId,omitempty"`
	Outcome    string    `json:"outcome" enum:"created,updated,unchanged,skipped,failed"`
	Changes    []Change  `json:"changes"`
	Errors     []Problem `json:"errors"`
	Removed    bool      `json:"-"` // an undo removed the member, which is the one change
	Withheld   bool      `json:"-"` // the data of the person was erased
}

// Change is a field that got another value; null is unset. Roles and tags are
// lists of names.
type Change struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// stateName stands in a Change for the membership itself, as in the answers
// about a member; without one it is unset.
const stateName = "state"

// DetailFilter chooses rows of a job; zero parts mean any.
type DetailFilter struct {
	Outcome string
	Line    int
	Cursor  string // from the page before
	Limit   int    // at most 200
}

// Details returns rows of a job in the order they were worked off, and the
// cursor of the next page ("": none). It fails with NotFound job_not_found,
// Gone expired, or Invalid unknown_outcome, invalid_cursor.
func (b *Bulk) Details(ctx context.Context, communityID, jobID string, f DetailFilter) ([]Detail, string, error) {
	j, err := b.keptJob(ctx, communityID, jobID)
	if err != nil {
		return nil, "", err
	}
	outcome := parseOutcome(f.Outcome)
	if f.Outcome != "" && outcome == 0 {
		return nil, "", errs.New(errs.Invalid, "unknown_outcome", "An outcome is created, updated, unchanged, skipped or failed.")
	}
	number, skip, err := parseCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := min(max(f.Limit, 1), 200)
	var chosen []record
	for {
		piece, err := pieceFrom(ctx, b.db, &j, number, outcome, f.Line)
		if err != nil {
			return nil, "", err
		}
		if piece == nil {
			details, err := b.describe(ctx, &j, chosen)
			return details, "", err
		}
		list, err := unpack(piece.Outcomes)
		if err != nil {
			return nil, "", err
		}
		if piece.Number != number {
			skip = 0
		}
		number = piece.Number
		for i := skip; i < len(list); i++ {
			if outcome != 0 && list[i].Outcome != outcome || f.Line > 0 && list[i].Pos.Line != f.Line {
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

func parseCursor(cursor string) (number int64, skip int, err error) {
	if cursor == "" {
		return 0, 0, nil
	}
	before, after, _ := strings.Cut(cursor, "-")
	number, errNumber := strconv.ParseInt(before, 10, 64)
	skip, errSkip := strconv.Atoi(after)
	if errNumber != nil || errSkip != nil || number < 0 || skip < 0 {
		return 0, 0, errs.New(errs.Invalid, "invalid_cursor", "The cursor is not one this list gave.")
	}
	return number, skip, nil
}

// keptJob is a job whose row details are still there.
func (b *Bulk) keptJob(ctx context.Context, communityID, jobID string) (job, error) {
	j, err := loadJob(ctx, b.db, communityID, jobID)
	if err == nil && expired(&j, b.clock.MS()) {
		err = errExpired()
	}
	return j, err
}

// describe reads the rows again, for what is not kept beside the file: whose
// they are, and what somebody was created with.
func (b *Bulk) describe(ctx context.Context, j *job, list []record) ([]Detail, error) {
	details := make([]Detail, len(list))
	if len(list) == 0 {
		return details, nil
	}
	look, err := b.look(ctx, j)
	if err != nil {
		return nil, err
	}
	defer look.close()
	subjects := make([][]string, len(list))
	for _, i := range inFileOrder(list) {
		if details[i], subjects[i], err = look.detail(&list[i]); err != nil {
			return nil, err
		}
	}
	hidden, err := b.withheld(ctx, look, subjects)
	for i := range hidden {
		if hidden[i] {
			details[i] = details[i].erased()
		}
	}
	return details, err
}

// inFileOrder are the places of records as they stand in the file: a packed
// file can only be read forward, and an undo goes backward.
func inFileOrder(list []record) []int {
	places := make([]int, len(list))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(list[a].Pos.Offset, list[b].Pos.Offset) })
	return places
}

// look reads single rows of a job's file.
type look struct {
	table  openFile
	reader *reader
	fields map[string]*field.Field
	names  member.Names
	undo   bool // the rows are taken back
	last   sheet.Row

	communityID string
	uploadedAt  int64 // Unix milliseconds
}

// look opens the file of a job; of an undo, that of the job it takes back.
func (b *Bulk) look(ctx context.Context, j *job) (*look, error) {
	source := *j
	if j.Type == Undo {
		original, err := loadJob(ctx, b.db, j.CommunityID, j.OriginID)
		if err != nil {
			return nil, err
		}
		source = original
	}
	d, err := b.dictionary(ctx, b.db, &source)
	if err != nil {
		return nil, err
	}
	l := &look{fields: map[string]*field.Field{}, undo: j.Type == Undo, communityID: j.CommunityID, uploadedAt: source.uploadedAt()}
	for i := range d.fields {
		l.fields[d.fields[i].ID] = &d.fields[i]
	}
	if l.names, err = member.LoadNames(ctx, b.db, j.CommunityID); err != nil {
		return nil, err
	}
	if err := b.verify(ctx, &source); err != nil {
		return nil, err
	}
	if l.table, err = b.openTable(ctx, &source, b.looking); err != nil {
		return nil, err
	}
	layout := d.readLenient(l.table.Header(), source.Options.Mapping)
	l.reader = newReader(layout, source.formats(), false)
	return l, nil
}

// readLenient is read for a header that was understood once: columns whose
// field is gone since are ignored.
func (d *dictionary) readLenient(header []string, mapping map[string]*string) *layout {
	l := &layout{columns: make([]column, len(header)), hasColumn: map[*field.Field]bool{}}
	for i, text := range header {
		if c, problem := d.column(i, text, mapping); problem == nil {
			l.columns[i] = c
		}
		l.columns[i].header = text
		l.operations = l.operations || l.columns[i].operation != nil
	}
	return l
}

func (l *look) close() { l.table.close() }

// source reads the row of the file that a record speaks of.
func (l *look) source(rec *record) (*sheet.Row, error) {
	if err := l.table.Seek(rec.Pos); err != nil {
		return nil, err
	}
	if err := l.table.Next(&l.last); err != nil {
		return nil, err
	}
	return &l.last, nil
}

// detail returns the detail of a record and the subjects of its row.
func (l *look) detail(rec *record) (d Detail, subjects []string, err error) {
	d = Detail{Line: rec.Pos.Line, UserID: rec.UserID, Outcome: rec.Outcome.String(), Changes: []Change{}, Errors: rec.Problems}
	if d.Errors == nil {
		d.Errors = []Problem{}
	}
	src, err := l.source(rec)
	if err != nil {
		return d, nil, err
	}
	r := l.reader.read(src)
	d.Identifier = r.identifier()
	switch {
	case rec.Outcome == Created:
		d.Changes = l.created(&r)
	case l.undo && rec.Outcome == Updated && len(rec.Changes) == 0: // who was created is removed
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

// created shows the cells that somebody was made from.
func (l *look) created(r *row) []Change {
	changes := make([]Change, 0, len(r.sets)+1)
	if r.email != "" {
		changes = append(changes, Change{Field: field.EmailName, New: r.email})
	}
	for i := range r.sets {
		s := &r.sets[i]
		value := s.value
		if list, ok := value.(names); ok {
			value = slices.Compact(slices.Sorted(slices.Values(list)))
		}
		if value != nil {
			changes = append(changes, Change{Field: s.field.Field, New: value})
		}
	}
	return changes
}

func (l *look) change(c *storedChange) (Change, error) {
	old, err := c.before()
	if err != nil {
		return Change{}, err
	}
	made, err := c.after()
	if err != nil {
		return Change{}, err
	}
	f := l.fields[c.Field]
	if f == nil {
		return Change{Field: c.Field, Old: old, New: made}, nil
	}
	return Change{Field: f.Field, Old: l.names.Show(f, old), New: l.names.Show(f, made)}, nil
}
