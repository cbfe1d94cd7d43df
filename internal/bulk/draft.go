package bulk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/origin"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/charset"
)

// Draft is a staged file of the import wizard.
type Draft struct {
	ID        string
	FileName  string
	Size      int64
	Type      job.Type
	Detected  sheet.Detected
	Options   job.Options
	Warnings  []sheet.Warning // of reading the file
	Columns   []DraftColumn
	Fields    []field.Field       // possible fields of a column
	Missing   []field.Field       // required fields without a column
	Unclear   []charset.Candidate // the encodings to choose from before the file can be read
	Problem   errs.Sentence       // reason that it cannot start; zero: it can
	JobID     string              // latest job; "": none
	ExpiresAt string              // RFC 3339
	Version   int64               // increases with every change of the type, the options or the latest check
}

// DraftColumn is a column of the file with its field.
type DraftColumn struct {
	Index        int
	Header       string
	Samples      []string      // up to five values
	Field        string        // database name; "": ignored
	Suggested    bool          // a guess, to be confirmed
	NeedsMapping bool          // the header alone does not determine the field
	Problem      errs.Sentence // reason that a field must be chosen; zero: none
}

const sampleRows = 200

// Stage stores an uploaded file for the wizard. Unlike Start it accepts an
// unknown header and an unclear encoding; it fails if the file cannot be read. A
// file of failed rows gets the type and the options of its job. A file that was
// staged by the same person with the same Start.JobID is not staged again.
func (b *Bulk) Stage(ctx context.Context, caller actor.Actor, communityID string, in Start) (Draft, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Draft{}, notStartedError{err}
	}
	now := b.clock.MS()
	j := job.Job{
		CommunityID: communityID, ID: cmp.Or(in.JobID, b.NewID()), Type: in.Type, Status: job.Draft, Options: in.Options, FileID: in.FileID, FileName: shortName(in.FileName), FileSize: in.FileScan.Size,
		FileScan: in.FileScan, Actor: caller.Ref(), ActorName: caller.Name, CreatedAt: now, UpdatedAt: now, ExpiresAt: now + b.limits.KeepDrafts.Milliseconds(),
	}
	d, err := b.draft(ctx, &j)
	if err == nil && mayHaveFailedRows(d) {
		adopted, adoptErr := b.adoptOptions(ctx, &j)
		switch {
		case adoptErr != nil:
			err = adoptErr
		case adopted:
			d, err = b.draft(ctx, &j)
		}
	}
	if err != nil {
		return d, notStartedError{err}
	}
	staged, err := b.insertDraft(ctx, &j)
	switch {
	case err != nil:
		return d, err
	case staged != nil:
		if err := b.deleteFile(in.FileID); err != nil {
			return d, err
		}
		return b.draft(ctx, staged)
	}
	d.ID = j.ID
	return d, nil
}

// mayHaveFailedRows reports whether a staged file may be one of failed rows: one
// of its headers contains the name of an added column, or its encoding is unclear.
func mayHaveFailedRows(d Draft) bool {
	return len(d.Unclear) > 0 || slices.ContainsFunc(d.Columns, func(c DraftColumn) bool { return strings.Contains(c.Header, "_error_code") })
}

// readings are attempts to read a file of failed rows without the options of its
// job. The names of columns and the codes are ASCII, so that another encoding does
// not matter.
var readings = []job.Options{
	{},
	{Encoding: "windows-1252"},
	{Encoding: "windows-1252", Delimiter: ","},
	{Encoding: "windows-1252", Delimiter: ";"},
	{Encoding: "windows-1252", Delimiter: "\t"},
	{Encoding: "windows-1252", Delimiter: "|"},
}

// adoptOptions sets the type and the options of a staged file with failed rows to
// those of their job, except options of reading that no longer fit the file, for
// example since a spreadsheet program saved it in another encoding.
func (b *Bulk) adoptOptions(ctx context.Context, j *job.Job) (adopted bool, err error) {
	var rows []origin.Row
	var detected sheet.Detected
	for i := 0; i < len(readings) && len(rows) == 0; i++ {
		if rows, detected, err = b.readFailedRows(ctx, *j, j.Type, readings[i]); err != nil {
			return false, err
		}
	}
	found, err := origin.Find(ctx, b.db, j.CommunityID, j.FileName, rows)
	if found == nil || err != nil {
		return false, err
	}
	o := found.Options
	o.DryRun, o.Notify, o.FailedOf = false, j.Options.Notify, found.ID
	if strings.HasPrefix(detected.Encoding, "utf-") && (j.FileScan.Multibyte > 0 || detected.Encoding != "utf-8") {
		o.Encoding = "" // UTF is proven
	}
	layout, reading := o, o
	layout.Delimiter, layout.HeaderLine = "", 0
	reading.Delimiter, reading.HeaderLine, reading.Encoding, reading.Sheet = "", 0, "", ""
	for _, o := range []job.Options{o, layout, reading} {
		rows, _, err := b.readFailedRows(ctx, *j, found.Type, o)
		if len(rows) > 0 && err == nil {
			j.Type, j.Options = found.Type, o
		}
		if len(rows) > 0 || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

// readFailedRows returns the first failed rows of a staged file and its detected
// format; nothing if the options do not fit the file.
func (b *Bulk) readFailedRows(ctx context.Context, j job.Job, typ job.Type, o job.Options) ([]origin.Row, sheet.Detected, error) {
	j.Type, j.Options = typ, o
	dictionary, err := job.LoadDictionary(ctx, b.db, &j)
	if err != nil {
		return nil, sheet.Detected{}, err
	}
	table, err := b.detectTable(ctx, &j, b.uploadSlots, dictionary)
	switch kind := errs.KindOf(err); {
	case kind == errs.Invalid || kind == errs.Unsupported:
		return nil, sheet.Detected{}, nil
	case err != nil:
		return nil, sheet.Detected{}, err
	}
	defer table.Close()
	rows, err := origin.ReadRows(table.Table)
	return rows, table.Detected(), err
}

// mapping maps every column explicitly, so that the job has the fields of the
// preview.
func (d *Draft) mapping() map[string]*string {
	mapping := map[string]*string{}
	for _, c := range d.Columns {
		switch {
		case !c.Problem.IsZero(): // the header check names it
		case c.Field == "":
			mapping[c.Header] = nil
		default:
			mapping[c.Header] = new(c.Field)
		}
	}
	return mapping
}

// draft reads the header and samples of a staged file.
func (b *Bulk) draft(ctx context.Context, j *job.Job) (Draft, error) {
	d := Draft{ID: j.ID, FileName: j.FileName, Size: j.FileSize, Type: j.Type, Options: j.Options, JobID: j.ParentID, ExpiresAt: clock.Format(j.ExpiresAt), Version: j.UpdatedAt}
	if err := b.verify(ctx, j); err != nil {
		return d, err
	}
	dict, err := job.LoadDictionary(ctx, b.db, j)
	if err != nil {
		return d, err
	}
	table, err := b.detectTable(ctx, j, b.uploadSlots, dict)
	if unclear := errs.From(err); unclear != nil {
		if d.Unclear, _ = unclear.Details["candidates"].([]charset.Candidate); len(d.Unclear) > 0 {
			d.Problem = unclear.Sentence
			return d, nil
		}
	}
	if err != nil {
		return d, err
	}
	defer table.Close()
	detected := table.Detected()
	d.Detected, d.Warnings, d.Fields = *shownFormat(&detected), table.Warnings(), dict.Fields
	header := table.Header()
	samples, err := sample(table, len(header))
	if err != nil {
		return d, err
	}
	dict.Samples = func() [][]string { return samples }
	dict.Describe(header, j.Options.Mapping)
	for i, text := range header {
		if len(samples[i]) == 0 && source.IsBlank(text, j.Options.Mapping) {
			continue // an empty column of a spreadsheet
		}
		d.Columns = append(d.Columns, draftColumn(dict, i, text, samples[i], j.Options.Mapping))
	}
	d.check(dict)
	return d, nil
}

func draftColumn(d *source.Dictionary, index int, header string, samples []string, mapping map[string]*string) DraftColumn {
	c := DraftColumn{Index: index, Header: header, Samples: samples}
	known, problem := d.Column(index, header, mapping)
	c.Field = known.Target()
	if problem != nil {
		c.Problem = problem.Sentence
		if near := d.Suggest(index, header); near != nil && !source.IsBlank(header, mapping) {
			c.Field, c.Suggested, c.Problem = near.Field, true, errs.Sentence{}
		}
	}
	alone, problem := d.Column(index, header, nil)
	c.NeedsMapping = problem != nil || alone.Target() != c.Field
	return c
}

// check finds the reasons that the draft cannot start.
func (d *Draft) check(dict *source.Dictionary) {
	taken := map[string]int{}
	open := 0
	for i := range d.Columns {
		c := &d.Columns[i]
		if first, twice := taken[c.Field]; twice && c.Field != "" {
			if c.Suggested { // guesses have the lower priority
				c.Field, c.Suggested, c.Problem = "", false, errs.Constant("Choose a field for this column, or ignore it.")
			} else if other := &d.Columns[first]; other.Suggested {
				other.Field, other.Suggested, other.Problem = "", false, errs.Constant("Choose a field for this column, or ignore it.")
				taken[c.Field] = i
			} else {
				c.Problem = errs.Constant("Two columns cannot be the same field.")
			}
		} else {
			taken[c.Field] = i
		}
	}
	for i := range d.Columns {
		if !d.Columns[i].Problem.IsZero() {
			open++
		}
	}
	for _, f := range dict.Fields {
		if _, given := taken[f.Field]; f.Required && !given && !dict.Update {
			d.Missing = append(d.Missing, f)
		}
	}
	_, email := taken[field.EmailName]
	_, username := taken[field.Username]
	switch {
	case open > 0:
		d.Problem = errs.Constant("Choose a field for every column, or ignore it.")
	case !email && !username && !dict.Update:
		d.Problem = errs.Constant("Choose the column with the email or the username. It identifies the members.")
	}
}
