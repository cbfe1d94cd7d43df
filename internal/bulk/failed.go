package bulk

import (
	"cmp"
	"context"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/sheet"
)

// ProblemCount is one kind of error of a job and how often it happened.
type ProblemCount struct {
	Column    string `json:"column"`
	Code      string `json:"code"`
	Message   string `json:"message"` // of the first such row
	Count     int64  `json:"count"`
	FirstLine int    `json:"firstLine"`
}

// maxKinds bounds the kinds of errors that are told apart.
const maxKinds = 1_000

// Problems returns the errors of a job by kind, the most frequent first. It
// fails like Details.
func (b *Bulk) Problems(ctx context.Context, communityID, jobID string) ([]ProblemCount, error) {
	j, err := b.keptJob(ctx, communityID, jobID)
	if err != nil {
		return nil, err
	}
	kinds := map[[2]string]*ProblemCount{}
	err = b.eachFailed(ctx, &j, func(rec *record) error {
		for _, p := range rec.Problems {
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
func (b *Bulk) eachFailed(ctx context.Context, j *job, visit func(*record) error) error {
	for number := int64(0); ; {
		piece, err := pieceFrom(ctx, b.db, j, number, RowFailed, 0)
		if err != nil || piece == nil {
			return err
		}
		list, err := unpack(piece.Outcomes)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Outcome != RowFailed {
				continue
			}
			if err := visit(&list[i]); err != nil {
				return err
			}
		}
		number = piece.Number + 1
	}
}

// failedColumns are what failed.csv adds to the columns of the file; an upload
// ignores them, so that a mended file can be sent as it is.
var failedColumns = []string{"_line", "_error_column", "_error_code", "_error_message"}

// WriteFailed writes the failed rows of a job as a file of the kind that was
// uploaded, with their errors behind them; rows of persons whose data was erased
// are left out. It fails like Details before the first byte. While w is slow it keeps no place of a packed file: the rows of
// such a file are written to a temporary file first.
func (b *Bulk) WriteFailed(ctx context.Context, communityID, jobID string, w io.Writer) error {
	j, err := b.keptJob(ctx, communityID, jobID)
	if err != nil {
		return err
	}
	look, err := b.look(ctx, &j)
	if err != nil {
		return err
	}
	if look.table.place == nil {
		defer look.close()
		return b.writeFailed(ctx, &j, look, w)
	}
	file, err := b.files.CreateScratch()
	if err != nil {
		look.close()
		return err
	}
	defer func() { _ = file.Close() }() // it was read as far as it goes
	size, err := b.spoolFailed(ctx, &j, look, file)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.NewSectionReader(file, 0, size))
	return err
}

// spoolFailed writes the failed rows to a temporary file and closes the look.
func (b *Bulk) spoolFailed(ctx context.Context, j *job, l *look, file *blob.Scratch) (size int64, err error) {
	defer l.close()
	counted := &countingWriter{Writer: file}
	err = b.writeFailed(ctx, j, l, counted)
	return counted.n, err
}

// countingWriter counts the bytes that it passes on.
type countingWriter struct {
	io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

func (b *Bulk) writeFailed(ctx context.Context, j *job, look *look, w io.Writer) error {
	header := look.table.Header()
	keep := []int{}
	for i, text := range header {
		if !isOwn(text) {
			keep = append(keep, i)
		}
	}
	out := sheet.NewWriter(w, look.table.Detected())
	if err := out.Write(append(pick(header, keep), failedColumns...)); err != nil {
		return err
	}
	batch := failedBatch{bulk: b, look: look, out: out}
	err := b.eachFailed(ctx, j, func(rec *record) error {
		src, err := look.source(rec)
		if err != nil {
			return err
		}
		r := look.reader.read(src)
		// Cells beyond the header come last, so that the row is refused again
		// until somebody has looked at it.
		extra := src.Cells[min(len(header), len(src.Cells)):]
		cells := append(append(pick(src.Cells, keep), explain(rec)...), extra...)
		return batch.add(ctx, failedRow{cells, look.subjects(rec, &r)})
	})
	if err == nil {
		err = batch.flush(ctx)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// pick returns the cells at the places, safe to open in a spreadsheet; missing
// ones are empty.
func pick(cells []string, places []int) []string {
	picked := make([]string, len(places), len(places)+len(failedColumns))
	for i, place := range places {
		if place < len(cells) {
			picked[i] = sheet.EscapeFormula(cells[place])
		}
	}
	return picked
}

func explain(rec *record) []string {
	var columns, codes, messages []string
	for _, p := range rec.Problems {
		columns, codes, messages = append(columns, p.Column), append(codes, p.Code), append(messages, p.Message)
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
	for _, ending := range []string{".gz", ".zip", ".xlsx", ".csv", ".tsv", ".txt"} {
		name = strings.TrimSuffix(name, ending)
	}
	if name == "" || name == "." {
		name = "import"
	}
	return name + "-failed.csv"
}
