package bulk

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
)

// failedColumns are the columns that a file of failed rows adds. An upload
// ignores them, so that a corrected file can be uploaded as it is.
var failedColumns = []string{"_line", "_error_column", "_error_code", "_error_message"}

// WriteFailed writes the failed rows of a job that a filter selects, with their errors, as CSV in the
// dialect of the upload, or as a workbook if the upload was one. An import of the
// unchanged file with the options of the job fails in the same way. Rows of erased
// persons are left out. It fails like Details, or with Invalid unknown_format,
// too_many_rows or cell_too_long, before the first byte. Workbooks and rows of a
// compressed file are written to a temporary file first, so that a slow w does not
// occupy a slot.
func (b *Bulk) WriteFailed(ctx context.Context, caller actor.Actor, communityID, jobID string, format Format, of errorgroup.Filter, w io.Writer) error {
	if err := b.may(ctx, caller, communityID); err != nil {
		return err
	}
	j, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return err
	}
	rows, err := b.openRows(ctx, &j)
	if err != nil {
		return err
	}
	rows.only = of
	detected := rows.table.Detected()
	switch {
	case format == Workbook && detected.Format == "csv":
		rows.close()
		return errs.New(errs.Invalid, "unknown_format", "Failed rows of a CSV file are written as CSV. Choose the format csv.")
	case format == Workbook:
		return b.writeFailedWorkbook(ctx, rows, w)
	case rows.table.Slots == nil:
		defer rows.close()
		return b.writeFailedCSV(ctx, rows, w)
	}
	file, err := b.scratch.CreateScratch()
	if err != nil {
		rows.close()
		return err
	}
	defer func() { _ = file.Close() }() // fully read
	size, err := b.spoolFailed(ctx, rows, file)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.NewSectionReader(file, 0, size))
	return err
}

// spoolFailed writes the failed rows to a temporary file and closes the reader.
func (b *Bulk) spoolFailed(ctx context.Context, rows *rowReader, file *blob.Scratch) (size int64, err error) {
	defer rows.close()
	counted := &countingWriter{Writer: file}
	err = b.writeFailedCSV(ctx, rows, counted)
	return counted.n, err
}

func (b *Bulk) writeFailedCSV(ctx context.Context, rows *rowReader, w io.Writer) error {
	detected := rows.table.Detected()
	out := sheet.NewWriter(w, detected)
	cell := func(_ int, text string) string { return sheet.EscapeFormula(text) }
	if numbers := rows.typedNumbers(); numbers != nil {
		cell = func(column int, text string) string {
			if column < len(numbers) && numbers[column] && strings.Count(text, ".") == 1 {
				text = strings.Replace(text, ".", ",", 1)
			}
			return sheet.EscapeFormula(text)
		}
	}
	above := rows.upload.Options.HeaderLine - 1
	if detected.Sep && detected.Format == "csv" {
		above-- // its line is written by out
	}
	for range above {
		if err := out.Write(nil); err != nil {
			return err
		}
	}
	if err := b.writeFailedRows(ctx, rows, out, cell); err != nil {
		return err
	}
	return out.Flush()
}

// typedNumbers reports the columns with numbers that have a point in the workbook, but
// need a comma in a CSV file with the same options; nil if there are none.
func (l *rowReader) typedNumbers() []bool {
	if f := l.upload.Formats(); !f.Typed || f.Decimal != "," {
		return nil
	}
	numbers := make([]bool, len(l.columns.Columns))
	for i, c := range l.columns.Columns {
		numbers[i] = c.Field != nil && c.Field.Type == field.Numerical
	}
	return numbers
}

func (b *Bulk) writeFailedWorkbook(ctx context.Context, rows *rowReader, w io.Writer) error {
	number, _ := strconv.Atoi(rows.upload.Options.Sheet) // a name: the first
	out, err := b.newWorkbook(w, sheet.WorkbookOptions{Sheet: rows.table.Detected().Sheet, Number: number, FirstLine: rows.upload.Options.HeaderLine})
	if err != nil {
		rows.close()
		return err
	}
	defer func() { _ = out.Close() }() // a temporary file
	err = b.writeFailedRows(ctx, rows, out, func(_ int, text string) string { return text })
	rows.close()
	if err != nil {
		return blob.ScratchError(err)
	}
	return out.Flush()
}

// writeFailedRows writes the header and the failed rows. cell converts the text of
// a column.
func (b *Bulk) writeFailedRows(ctx context.Context, rows *rowReader, out sheet.RecordWriter, cell func(column int, text string) string) error {
	header := rows.table.Header()
	places := []int{}
	for i, text := range header {
		if !source.IsErrorColumn(text) {
			places = append(places, i)
		}
	}
	pick := func(cells []string) []string {
		picked := make([]string, len(places), len(places)+len(failedColumns))
		for i, place := range places {
			if place < len(cells) { // missing ones are empty
				picked[i] = cell(place, cells[place])
			}
		}
		return picked
	}
	if err := out.Write(append(pick(header), failedColumns...)); err != nil {
		return err
	}
	pending := failedBatch{bulk: b, file: rows, out: out}
	err := errorgroup.Each(ctx, b.db, rows.job.CommunityID, rows.job.ID, rows.only, func(rec *outcome.Record) error {
		src, err := rows.source(rec)
		if err != nil {
			return err
		}
		texts := src.Texts(rows.columns.ReadsShown)
		r := rows.reader.Read(src)
		// Cells beyond the header come last, so that an uncorrected row is
		// rejected again.
		extra := texts[min(len(header), len(texts)):]
		cells := pick(texts)
		for _, text := range slices.Concat(explain(rec), extra) {
			cells = append(cells, cell(len(header), text))
		}
		return pending.add(ctx, failedRow{cells, rows.subjects(rec, &r)})
	})
	if err != nil {
		return err
	}
	return pending.flush(ctx)
}

func explain(rec *outcome.Record) []string {
	var columns, messages []string
	for _, p := range rec.Errors {
		columns, messages = append(columns, p.Column), append(messages, p.Message.English)
	}
	return []string{strconv.Itoa(rec.Pos.Line), strings.Join(columns, "; "), rec.Codes(), strings.Join(messages, " ")}
}

// failedRow is a row of a file of failed rows.
type failedRow struct {
	cells    []string
	subjects []string
}

// failedBatch has rows to write, until their subjects are checked.
type failedBatch struct {
	bulk  *Bulk
	file  *rowReader
	out   sheet.RecordWriter
	rows  []failedRow
	bytes int
}

func (f *failedBatch) add(ctx context.Context, r failedRow) error {
	f.rows = append(f.rows, r)
	for _, cell := range r.cells {
		f.bytes += len(cell)
	}
	if len(f.rows) < 500 && f.bytes < 1<<20 {
		return nil
	}
	return f.flush(ctx)
}

func (f *failedBatch) flush(ctx context.Context) error {
	lists := make([][]string, len(f.rows))
	for i, r := range f.rows {
		lists[i] = r.subjects
	}
	hidden, err := f.bulk.withheld(ctx, f.file, lists)
	if err != nil {
		return err
	}
	for i, r := range f.rows {
		if hidden[i] {
			continue
		}
		if err := f.out.Write(r.cells); err != nil {
			return err
		}
	}
	f.rows, f.bytes = f.rows[:0], 0
	return nil
}
