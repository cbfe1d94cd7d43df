// Package origin finds the job that a file of failed rows comes from.
package origin

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	maxJobs = 50 // that are compared
	maxRows = 5  // of the file that are compared
	maxRead = 200
)

// Row is a row of a file of failed rows.
type Row struct {
	Line  int    // of the original file
	Codes string // of the errors
}

// ReadRows returns the first rows of a file with their lines and errors; none if
// the file has no failed rows.
func ReadRows(table *sheet.Table) ([]Row, error) {
	line, code := columns(table.Header())
	if line < 0 || code < 0 {
		return nil, nil
	}
	var rows []Row
	var src record.Row
	for range maxRead {
		if len(rows) == maxRows {
			break
		}
		err := table.Next(&src)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if max(line, code) >= len(src.Cells) {
			continue
		}
		number, err := strconv.Atoi(strings.TrimSpace(src.Cells[line]))
		if codes := strings.TrimSpace(src.Cells[code]); err == nil && codes != "" {
			rows = append(rows, Row{number, strings.Clone(codes)})
		}
	}
	return rows, nil
}

// columns returns the indexes of the columns _line and _error_code, or -1.
func columns(header []string) (line, code int) {
	index := func(key string) int {
		return slices.IndexFunc(header, func(h string) bool { return source.IsErrorColumn(h) && field.HeaderKey(h) == key })
	}
	return index("line"), index("error code")
}

// Find returns the job whose failed rows a file has, the newest one with the name
// of the file first; nil without one.
func Find(ctx context.Context, q sqldb.Querier, communityID, fileName string, rows []Row) (*job.Job, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	candidates, err := job.ListWithFailedRows(ctx, q, communityID, maxJobs)
	if err != nil {
		return nil, err
	}
	named := func(j job.Job) bool { return strings.HasPrefix(fileName, job.BaseName(j.FileName)+"-failed") }
	slices.SortStableFunc(candidates, func(a, b job.Job) int {
		switch {
		case named(a) == named(b):
			return 0
		case named(a):
			return -1
		}
		return 1
	})
	for i := range candidates {
		if all, err := hasRows(ctx, q, &candidates[i], rows); all || err != nil {
			return &candidates[i], err
		}
	}
	return nil, nil
}

// hasRows reports whether all rows are failed rows of a job.
func hasRows(ctx context.Context, q sqldb.Querier, j *job.Job, rows []Row) (bool, error) {
	for _, row := range rows {
		batch, err := outcome.Find(ctx, q, j.CommunityID, j.ID, 0, outcome.Failed, row.Line)
		if err != nil || batch == nil {
			return false, err
		}
		list, err := outcome.Unpack(batch.Outcomes)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(list, func(r outcome.Record) bool {
			return r.Pos.Line == row.Line && r.Outcome == outcome.Failed && r.Codes() == row.Codes
		}) {
			return false, nil
		}
	}
	return true, nil
}
