package staged

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/record"
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
	Columns   []Column
	Fields    []field.Field       // possible fields of a column
	Missing   []field.Field       // required fields without a column
	Unclear   []charset.Candidate // the encodings to choose from before the file can be read
	Encodings []charset.Candidate // the plausible encodings of a text that is not UTF-8
	Problem   errs.Sentence       // reason that it cannot start; zero: it can
	JobID     string              // latest job; "": none
	FileID    string
	ExpiresAt string         // RFC 3339
	Contents  sheet.Contents // its rows
	Matched   *Matched       // the file that its columns are matched like; nil: none
	Updates   []string       // headers of an import that only an update has, such as score_op
	Version   int64          // increases with every change of the type, the options or the latest check
}

// Column is a column of the file with its field.
type Column struct {
	Index        int
	Header       string
	Samples      []string        // up to five values
	Field        string          // database name; "": ignored
	Suggested    bool            // a guess, to be confirmed
	NeedsMapping bool            // the header alone does not determine the field
	Problem      errs.Sentence   // reason that a field must be chosen; zero: none
	LeftOut      bool            // a balance, and no column has its operations
	New          field.Type      // of the new field that the run creates; "": the field exists
	NewType      field.Type      // suggestion for a new field
	Choices      *source.Choices // of the new field, in the first rows; nil: it has none
}

// Preview reads the header and samples of a staged file, and completes its new
// fields. The caller has authorised the actor.
func (f *Files) Preview(ctx context.Context, j *job.Job) (Draft, error) {
	return f.preview(ctx, j, true)
}

// preview is Preview, with or without suggestions for columns without a mapping.
func (f *Files) preview(ctx context.Context, j *job.Job, suggest bool) (Draft, error) {
	d := Draft{ID: j.ID, FileName: j.FileName, Size: j.FileSize, Type: j.Type, Options: j.Options, JobID: j.ParentID, FileID: j.FileID, ExpiresAt: clock.Format(j.ExpiresAt), Version: j.UpdatedAt}
	rejected, err := f.resolveNewFields(ctx, j)
	if err != nil {
		return d, err
	}
	d.Options = j.Options
	dict, err := job.LoadDictionary(ctx, f.db, j)
	if err != nil {
		return d, err
	}
	table, err := f.open(ctx, j, dict)
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
	d.Detected, d.Warnings, d.Encodings, d.Fields = table.Detected(), table.Warnings(), table.Encodings(), dict.Fields
	if d.Detected.HeaderLine == 1 {
		d.Detected.HeaderLine = 0 // shown only if it is another one
	}
	header := table.Header()
	samples, err := Sample(table, len(header))
	if err != nil {
		return d, err
	}
	dict.Samples = func() [][]string { return samples }
	m := source.NewMapping(j.Options.Mapping)
	dict.Describe(header, m)
	fresh := newFieldsOf(j, rejected)
	for i, text := range header {
		if len(samples[i]) == 0 && m.IsBlank(text) {
			continue // an empty column of a spreadsheet
		}
		c := newColumn(dict, i, text, samples[i], m, suggest)
		fresh.describe(&c, j.Formats())
		d.Columns = append(d.Columns, c)
	}
	d.Fields = slices.DeleteFunc(slices.Clone(d.Fields), func(f field.Field) bool { return isNew(f.ID, j.Options.NewFields) })
	if err := f.readChoices(ctx, j, &d, table); err != nil {
		return d, err
	}
	d.check(dict)
	d.findUpdates(dict)
	if err := f.findMatched(ctx, j, &d, dict); err != nil {
		return d, err
	}
	if j.FileScan.Contents == nil {
		if err := count(j, table); err != nil {
			return d, err
		}
	}
	d.Contents = *j.FileScan.Contents
	return d, nil
}

// findUpdates finds the columns of an import that have operations or ids of members, and
// the balances of an update without operations.
func (d *Draft) findUpdates(dict *source.Dictionary) {
	if dict.Update {
		d.findLeftOut()
		return
	}
	update := source.NewDictionary(true, dict.Fields)
	for i := range d.Columns {
		c := &d.Columns[i]
		if meaning, ok := update.Known(c.Header, source.Mapping{}); ok && meaning.OnlyUpdates() && c.Field == "" {
			d.Updates = append(d.Updates, c.Header)
		}
	}
}

func (d *Draft) findLeftOut() {
	for i := range d.Columns {
		c := &d.Columns[i]
		hasOperations := func(other Column) bool { return other.Field == c.Field+"_op" }
		if c.Field == posting.XP.Field || c.Field == posting.Coins.Field {
			c.LeftOut = !slices.ContainsFunc(d.Columns, hasOperations)
		}
	}
}

// count saves the numbers of rows in the scan of the file.
func count(j *job.Job, table source.File) error {
	if err := table.Seek(table.Start()); err != nil {
		return err
	}
	contents, err := table.Count()
	j.FileScan.Contents = &contents
	return err
}

func newColumn(d *source.Dictionary, index int, header string, samples []string, m source.Mapping, suggest bool) Column {
	c := Column{Index: index, Header: header, Samples: samples}
	known, ok := d.Known(header, m)
	c.Field = known.Target()
	if !ok && suggest && !m.IsBlank(header) {
		if near := d.Suggest(index, header); near != nil {
			c.Field, c.Suggested = source.Column{Field: near}.Target(), true
		}
	}
	if !ok && !c.Suggested {
		_, problem := d.Column(index, header, m)
		c.Problem = problem.Sentence
	}
	alone, ok := d.Known(header, source.Mapping{})
	c.NeedsMapping = !ok || alone.Target() != c.Field
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

// Mapping maps every column explicitly, so that the job has the fields of the
// preview.
func (d *Draft) Mapping() map[string]*string {
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

const sampleRows = 200

// Sample returns up to five values of each column from the first rows.
func Sample(table source.File, columns int) ([][]string, error) {
	samples := make([][]string, columns)
	var src record.Row
	for range sampleRows {
		err := table.Next(&src)
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		cells := src.Texts(func(int) bool { return true })
		for i, cell := range cells[:min(len(cells), columns)] {
			text := shortened(strings.TrimSpace(cell))
			if text != "" && len(samples[i]) < 5 && !slices.Contains(samples[i], text) {
				samples[i] = append(samples[i], text)
			}
		}
	}
	return samples, nil
}

// shortened returns a copy of a text with at most MaxShown characters and an
// ellipsis.
func shortened(text string) string {
	if runes := []rune(text[:min(len(text), (source.MaxShown+1)*utf8.UTFMax)]); len(runes) > source.MaxShown {
		return string(runes[:source.MaxShown]) + "…"
	}
	return strings.Clone(text)
}
