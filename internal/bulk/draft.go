package bulk

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Draft is a staged file of the import wizard: stored, looked into, and not
// started.
type Draft struct {
	ID        string
	FileName  string
	Size      int64
	Type      Type
	Detected  sheet.Detected
	Options   Options
	Columns   []DraftColumn
	Fields    []field.Field // what a column may be
	Missing   []field.Field // required fields that no column gives
	Problem   string        // why it cannot start yet; "": it can
	JobID     string        // its latest dry run or run; "": none
	ExpiresAt string        // RFC 3339
}

// DraftColumn is a column of the file and what it is taken for.
type DraftColumn struct {
	Index     int
	Header    string
	Samples   []string // up to five values that are not empty
	Field     string   // database name; "": ignored
	Suggested bool     // a guess that the person should look at
	Told      bool     // a mapping has to say so: the header alone does not
	Problem   string   // why it must be chosen or ignored; "": nothing
}

const sampleRows = 200

// Stage keeps an uploaded file for the wizard. Unlike Start it takes a header
// that is not understood yet; it fails where the file cannot be read at all.
func (b *Bulk) Stage(ctx context.Context, in Start) (Draft, error) {
	now := b.clock.MS()
	j := job{
		CommunityID: in.CommunityID, ID: b.NewID(), Type: in.Type, Status: draft, Options: in.Options, FileID: in.FileID, FileName: shortName(in.FileName), FileSize: in.Verdict.Size,
		Verdict: in.Verdict, Actor: in.Actor.Ref(), ActorName: in.Actor.Name, CreatedAt: now, UpdatedAt: now, ExpiresAt: now + b.limits.KeepDrafts.Milliseconds(),
	}
	d, err := b.draft(ctx, &j)
	if err != nil {
		return d, notStartedError{err}
	}
	return d, b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := b.reserve(ctx, tx, &j); err != nil {
			return err
		}
		return insertJob(ctx, tx, j)
	})
}

// Draft returns a staged file as it stands. It fails with NotFound
// draft_not_found, or Gone expired.
func (b *Bulk) Draft(ctx context.Context, communityID, draftID string) (Draft, error) {
	j, err := b.keptDraft(ctx, b.db, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	return b.draft(ctx, &j)
}

func (b *Bulk) keptDraft(ctx context.Context, q sqldb.Querier, communityID, draftID string) (job, error) {
	j, err := loadDraft(ctx, q, communityID, draftID)
	if err == nil && expired(&j, b.clock.MS()) {
		err = errs.New(errs.Gone, "expired", "The staged file is no longer kept: upload it again.")
	}
	return j, err
}

// Restage reads a staged file in another way: encoding, delimiter, sheet,
// mapping and the rest of o replace what was chosen before.
func (b *Bulk) Restage(ctx context.Context, communityID, draftID string, o Options) (Draft, error) {
	j, err := b.keptDraft(ctx, b.db, communityID, draftID)
	if err != nil {
		return Draft{}, err
	}
	j.Options = o
	d, err := b.draft(ctx, &j)
	if err != nil {
		return d, err
	}
	return d, setDraftOptions(ctx, b.db, communityID, draftID, o, b.clock.MS())
}

// StartDraft queues a job for a staged file, which stays staged: a dry run may
// be followed by another one, or by the run. It fails like Start.
func (b *Bulk) StartDraft(ctx context.Context, actor actor.Actor, communityID, draftID string, dryRun bool) (Status, error) {
	staged, err := b.keptDraft(ctx, b.db, communityID, draftID)
	if err != nil {
		return Status{}, err
	}
	o := staged.Options
	o.DryRun = dryRun
	d, err := b.draft(ctx, &staged)
	if err != nil {
		return Status{}, err
	}
	o.Mapping = d.mapping()
	j, err := b.prepare(ctx, Start{CommunityID: communityID, Type: staged.Type, FileID: staged.FileID, FileName: staged.FileName, Verdict: staged.Verdict, Options: o, Actor: actor})
	if err != nil {
		return Status{}, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := b.queue(ctx, tx, &j); err != nil {
			return err
		}
		return followDraft(ctx, tx, communityID, draftID, j.ID)
	})
	return b.status(j), err
}

// FollowDraft makes a job, the applied plan say, the latest one of a draft, so
// that whoever comes back to the draft finds it.
func (b *Bulk) FollowDraft(ctx context.Context, communityID, draftID, jobID string) error {
	return followDraft(ctx, b.db, communityID, draftID, jobID)
}

// mapping spells out what every column was taken for, so that the job does
// what the person saw.
func (d *Draft) mapping() map[string]*string {
	mapping := map[string]*string{}
	for _, c := range d.Columns {
		switch {
		case c.Problem != "": // left to the header check, which names it
		case c.Field == "":
			mapping[c.Header] = nil
		default:
			mapping[c.Header] = new(c.Field)
		}
	}
	return mapping
}

// draft looks into a staged file.
func (b *Bulk) draft(ctx context.Context, j *job) (Draft, error) {
	d := Draft{ID: j.ID, FileName: j.FileName, Size: j.FileSize, Type: j.Type, Options: j.Options, JobID: j.OriginID, ExpiresAt: clock.Format(j.ExpiresAt)}
	if err := b.verify(ctx, j); err != nil {
		return d, err
	}
	table, err := b.openTable(ctx, j, b.inspecting)
	if err != nil {
		return d, err
	}
	defer table.close()
	dict, err := b.dictionary(ctx, b.db, j)
	if err != nil {
		return d, err
	}
	d.Detected, d.Fields = table.Detected(), dict.fields
	header := table.Header()
	samples, err := sample(table, len(header))
	if err != nil {
		return d, err
	}
	end := endOfNames(header, j.Options.Mapping)
	for i, text := range header {
		if i >= end && len(samples[i]) == 0 && isNameless(text, j.Options.Mapping) {
			continue // left over by a spreadsheet
		}
		d.Columns = append(d.Columns, dict.draftColumn(i, text, samples[i], j.Options.Mapping))
	}
	d.judge(dict)
	return d, nil
}

// shortened is a copy of a text, of at most maxShown characters and a sign that
// there are more.
func shortened(text string) string {
	if runes := []rune(text[:min(len(text), (maxShown+1)*utf8.UTFMax)]); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return strings.Clone(text)
}

func sample(table openFile, columns int) ([][]string, error) {
	samples := make([][]string, columns)
	var src sheet.Row
	for range sampleRows {
		err := table.Next(&src)
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		for i, cell := range src.Cells[:min(len(src.Cells), columns)] {
			text := shortened(strings.TrimSpace(cell))
			if text != "" && len(samples[i]) < 5 && !slices.Contains(samples[i], text) {
				samples[i] = append(samples[i], text)
			}
		}
	}
	return samples, nil
}

func (d *dictionary) draftColumn(index int, header string, samples []string, mapping map[string]*string) DraftColumn {
	c := DraftColumn{Index: index, Header: header, Samples: samples}
	known, problem := d.column(index, header, mapping)
	c.Field = known.target()
	if problem != nil {
		c.Problem = problem.Message
		if near := d.nearest(header); near != nil {
			c.Field, c.Suggested, c.Problem = near.Field, true, ""
		}
	}
	alone, problem := d.column(index, header, nil)
	c.Told = problem != nil || alone.target() != c.Field
	return c
}

// target is what a mapping calls the column; "" is one that is ignored.
func (c column) target() string {
	switch {
	case c.userID:
		return "user_id"
	case c.operation != nil:
		return c.operation.Field + "_op"
	case c.field != nil:
		return c.field.Field
	}
	return ""
}

// judge names what keeps the draft from starting.
func (d *Draft) judge(dict *dictionary) {
	taken := map[string]int{}
	open := 0
	for i := range d.Columns {
		c := &d.Columns[i]
		if first, twice := taken[c.Field]; twice && c.Field != "" {
			if c.Suggested { // a guess gives way
				c.Field, c.Suggested, c.Problem = "", false, "Choose a field for this column, or ignore it."
			} else if other := &d.Columns[first]; other.Suggested {
				other.Field, other.Suggested, other.Problem = "", false, "Choose a field for this column, or ignore it."
				taken[c.Field] = i
			} else {
				c.Problem = "Two columns cannot be the same field."
			}
		} else {
			taken[c.Field] = i
		}
	}
	for i := range d.Columns {
		if d.Columns[i].Problem != "" {
			open++
		}
	}
	for _, f := range dict.fields {
		if _, given := taken[f.Field]; f.Required && !given && dict.typ == Import {
			d.Missing = append(d.Missing, f)
		}
	}
	_, email := taken[field.EmailName]
	_, username := taken[field.Username]
	switch {
	case open > 0:
		d.Problem = "Choose a field for every column, or ignore it."
	case !email && !username && dict.typ == Import:
		d.Problem = "Choose the column that holds the email or the username: it says whose row it is."
	}
}
