package bulk

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/regulars/regulars/internal/sheet"
)

// maxPieceBytes bounds a piece of very long rows.
const maxPieceBytes = 4 << 20

// maxPieceSets bounds a piece of rows with very many cells: about 16 MiB.
const maxPieceSets = 200_000

// maxPieceProblems bounds a piece of rows in which everything is wrong.
const maxPieceProblems = 50_000

// feed is one reading of a file: pieces come out of its channel, checked and
// ready to be decided. One goroutine reads them, one foresees what they do, so
// two are under way while the database writes another.
type feed struct {
	raw    chan rawPiece
	pieces chan *piece
	used   chan *piece // whose memory can be used again
	err    error       // why reading ended early; read it after pieces is closed
}

// rawPiece is a piece that was only read; err is what ended the reading behind
// it.
type rawPiece struct {
	*piece
	err error
}

// startFeed reads the job's table from where it stands, in goroutines that end
// with ctx or with the file; pieces is closed then.
func (r *run) startFeed(ctx context.Context, table openFile, rd *reader, step step) *feed {
	reading, stop := context.WithCancel(ctx)
	f := &feed{raw: make(chan rawPiece), pieces: make(chan *piece), used: make(chan *piece, 3)}
	go f.read(reading, table, rd, step, r.job.Pieces, r.job.Counts.Read)
	go func() {
		defer close(f.pieces)
		defer stop()
		for p := range f.raw {
			if f.err == nil {
				f.err = cmp.Or(f.send(ctx, step, p.piece, p.err), p.err)
			}
			if f.err != nil {
				stop() // what follows is read for nothing
			}
		}
		f.err = cmp.Or(f.err, context.Cause(ctx)) // then not all was read
	}()
	return f
}

// read reads pieces, of which number is the first, behind so many rows.
func (f *feed) read(ctx context.Context, table openFile, rd *reader, step step, number, rows int64) {
	defer close(f.raw)
	for ; ; number++ {
		select {
		case p := <-f.used:
			rd.reuse(p)
		default:
		}
		p, err := nextPiece(table, rd, number, step.pieceRows(rows))
		rows += int64(len(p.rows))
		select {
		case f.raw <- rawPiece{p, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || p.last {
			return
		}
	}
}

// send hands over what is ready with a piece that was read; err is what ended
// the reading behind it.
func (f *feed) send(ctx context.Context, step step, p *piece, err error) error {
	ready, failed := step.foresee(ctx, p, err != nil || p.last)
	if failed != nil {
		return failed
	}
	if !slices.Contains(ready, p) {
		f.done(p) // it is part of another now
	}
	for _, one := range ready {
		select {
		case f.pieces <- one:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// done gives the memory of a piece back that nobody looks at any more.
func (f *feed) done(p *piece) {
	p.forecast = nil
	select {
	case f.used <- p:
	default:
	}
}

// stop waits for the goroutines of a feed whose context has ended.
func (f *feed) stop() {
	for p := range f.pieces {
		_ = p // read ahead for nothing
	}
}

func nextPiece(table openFile, rd *reader, number int64, pieceRows int) (*piece, error) {
	p := &piece{number: number, rows: rd.begin(pieceRows)}
	var src sheet.Row
	size, sets, problems := 0, 0, 0
	for len(p.rows) < pieceRows && size < maxPieceBytes && sets < maxPieceSets && problems < maxPieceProblems {
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
		row := &p.rows[len(p.rows)-1]
		sets += len(row.sets)
		problems += len(row.problems)
		size += bytesOf(&src)
		for i := range row.problems {
			size += len(row.problems[i].Message) + len(row.problems[i].Value)
		}
	}
	p.blocks = rd.blocks
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
