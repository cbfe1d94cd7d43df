package bulk

import (
	"cmp"
	"context"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
)

// ProblemCount is a kind of error and its number of rows.
type ProblemCount struct {
	Column    string        `json:"column"`
	Code      string        `json:"code"`
	Message   errs.Sentence `json:"message"` // of the first such row
	Count     int64         `json:"count"`
	FirstLine int           `json:"firstLine"`
}

// maxKinds limits the number of kinds.
const maxKinds = 1_000

// Problems returns the errors of a job by kind, the most frequent first. It
// fails like Details.
func (b *Bulk) Problems(ctx context.Context, caller actor.Actor, communityID, jobID string) ([]ProblemCount, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	j, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return nil, err
	}
	kinds := map[[2]string]*ProblemCount{}
	err = b.eachFailed(ctx, &j, func(rec *outcome.Record) error {
		for _, p := range rec.Errors {
			key := [2]string{p.Column, p.Code}
			kind := kinds[key]
			if kind == nil && len(kinds) < maxKinds {
				kind = &ProblemCount{Column: p.Column, Code: p.Code, Message: p.Message, FirstLine: rec.Pos.Line}
				kinds[key] = kind
			}
			if kind != nil {
				kind.Count++
			}
		}
		return nil
	})
	list := make([]ProblemCount, 0, len(kinds))
	for _, kind := range kinds {
		list = append(list, *kind)
	}
	slices.SortFunc(list, func(a, b ProblemCount) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return cmp.Or(a.FirstLine-b.FirstLine, cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return list, err
}

// eachFailed visits the failed rows of a job in order.
func (b *Bulk) eachFailed(ctx context.Context, j *job.Job, visit func(*outcome.Record) error) error {
	for number := int64(0); ; {
		batch, err := outcome.Find(ctx, b.db, j.CommunityID, j.ID, number, outcome.Failed, 0)
		if err != nil || batch == nil {
			return err
		}
		list, err := outcome.Unpack(batch.Outcomes)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Outcome != outcome.Failed {
				continue
			}
			if err := visit(&list[i]); err != nil {
				return err
			}
		}
		number = batch.Number + 1
	}
}

// failedColumns are the columns that failed.csv adds. An upload ignores them, so
// that a corrected file can be uploaded as it is.
var failedColumns = []string{"_line", "_error_column", "_error_code", "_error_message"}

// WriteFailed writes the failed rows of a job with their errors, in the format
// of the upload. Rows of erased persons are left out. It fails like Details
// before the first byte. Rows of a compressed file are written to a temporary
// file first, so that a slow w does not occupy a slot.
func (b *Bulk) WriteFailed(ctx context.Context, caller actor.Actor, communityID, jobID string, w io.Writer) error {
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
	if rows.table.Slots == nil {
		defer rows.close()
		return b.writeFailed(ctx, &j, rows, w)
	}
	file, err := b.files.CreateScratch()
	if err != nil {
		rows.close()
		return err
	}
	defer func() { _ = file.Close() }() // fully read
	size, err := b.spoolFailed(ctx, &j, rows, file)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.NewSectionReader(file, 0, size))
	return err
}

// spoolFailed writes the failed rows to a temporary file and closes the reader.
func (b *Bulk) spoolFailed(ctx context.Context, j *job.Job, l *rowReader, file *blob.Scratch) (size int64, err error) {
	defer l.close()
	counted := &countingWriter{Writer: file}
	err = b.writeFailed(ctx, j, l, counted)
	return counted.n, err
}

// countingWriter counts the written bytes.
type countingWriter struct {
	io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

func (b *Bulk) writeFailed(ctx context.Context, j *job.Job, rows *rowReader, w io.Writer) error {
	header := rows.table.Header()
	keep := []int{}
	for i, text := range header {
		if !source.IsErrorColumn(text) {
			keep = append(keep, i)
		}
	}
	out := sheet.NewWriter(w, rows.table.Detected())
	if err := out.Write(append(pick(header, keep), failedColumns...)); err != nil {
		return err
	}
	pending := failedBatch{bulk: b, file: rows, out: out}
	err := b.eachFailed(ctx, j, func(rec *outcome.Record) error {
		src, err := rows.source(rec)
		if err != nil {
			return err
		}
		r := rows.reader.Read(src)
		// Cells beyond the header come last, so that an uncorrected row is
		// rejected again.
		extra := src.Cells[min(len(header), len(src.Cells)):]
		cells := append(append(pick(src.Cells, keep), explain(rec)...), extra...)
		return pending.add(ctx, failedRow{cells, rows.subjects(rec, &r)})
	})
	if err == nil {
		err = pending.flush(ctx)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// pick returns cells by index with escaped formulas; missing ones are empty.
func pick(cells []string, places []int) []string {
	picked := make([]string, len(places), len(places)+len(failedColumns))
	for i, place := range places {
		if place < len(cells) {
			picked[i] = sheet.EscapeFormula(cells[place])
		}
	}
	return picked
}

func explain(rec *outcome.Record) []string {
	var columns, codes, messages []string
	for _, p := range rec.Errors {
		columns, codes, messages = append(columns, p.Column), append(codes, p.Code), append(messages, p.Message.English)
	}
	return []string{strconv.Itoa(rec.Pos.Line), sheet.EscapeFormula(strings.Join(columns, "; ")), strings.Join(codes, "; "), sheet.EscapeFormula(strings.Join(messages, " "))}
}

// FailedName is the file name for the failed rows of a job.
func FailedName(s Status) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"\/:*?<>|;`, r) {
			return '_'
		}
		return r
	}, filepath.Base(s.FileName))
	for _, ending := range []string{".gz", ".zip", ".xlsx", ".ods", ".csv", ".tsv", ".txt"} {
		name = strings.TrimSuffix(name, ending)
	}
	if name == "" || name == "." {
		name = "import"
	}
	return name + "-failed.csv"
}
