package bulk

import (
	"context"
	"errors"
	"io"

	"github.com/regulars/regulars/internal/sheet"
)

// maxPieceBytes bounds a piece of very long rows.
const maxPieceBytes = 4 << 20

// maxPieceProblems bounds a piece of rows in which everything is wrong.
const maxPieceProblems = 50_000

// feed is one reading of a file: pieces come out of its channel, checked and
// ready to be decided, one ahead of the database.
type feed struct {
	pieces chan *piece
	err    error // why reading ended early; read it after pieces is closed
}

// startFeed reads the job's table from where it stands, in a goroutine that
// ends with ctx or with the file; pieces is closed then.
func (r *run) startFeed(ctx context.Context, table openFile, rd *reader, foresee func(context.Context, *piece)) *feed {
	f := &feed{pieces: make(chan *piece)}
	number, read := r.job.Pieces, r.job.Counts.Read
	go func() {
		defer close(f.pieces)
		for ; ; number++ {
			p, err := nextPiece(table, rd, number, r.limits.rowsAfter(read))
			read += int64(len(p.rows))
			if err != nil && len(p.rows) == 0 {
				f.err = err
				return
			}
			foresee(ctx, p) // also what was read before an error
			select {
			case f.pieces <- p:
			case <-ctx.Done():
				f.err = context.Cause(ctx)
				return
			}
			if err != nil || p.last {
				f.err = err
				return
			}
		}
	}()
	return f
}

// stop waits for the goroutine of a feed whose context has ended.
func (f *feed) stop() {
	for p := range f.pieces {
		_ = p // read ahead for nothing
	}
}

func nextPiece(table openFile, rd *reader, number int64, pieceRows int) (*piece, error) {
	p := &piece{number: number, rows: make([]row, 0, pieceRows)}
	var src sheet.Row
	size, problems := 0, 0
	for len(p.rows) < pieceRows && size < maxPieceBytes && problems < maxPieceProblems {
		err := table.Next(&src)
		if errors.Is(err, io.EOF) {
			p.last = true
			break
		}
		if err != nil {
			return p, err
		}
		p.rows = append(p.rows, rd.read(&src))
		p.next = src.End
		problems += len(p.rows[len(p.rows)-1].problems)
		size += bytesOf(&src)
	}
	p.doneBytes, _ = table.Progress()
	return p, nil
}

// bytesOf is how much memory a row takes, about.
func bytesOf(src *sheet.Row) int {
	if src.Raw != nil {
		return len(src.Raw)
	}
	n := 0
	for _, cell := range src.Cells {
		n += len(cell)
	}
	return n
}
