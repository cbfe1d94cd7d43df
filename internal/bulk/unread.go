package bulk

import (
	"context"
	"errors"
	"io"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sqldb"
)

// unreadArgs identify a stopped job with remaining rows to count.
type unreadArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the kind of the queue job.
func (unreadArgs) Kind() string { return "bulk.count_unread" }

// stopUnread sets the unread rows of a job that stops before its end. Those of
// a file are counted by a job of their own, since that reads the rest of it.
func (b *Bulk) stopUnread(ctx context.Context, tx *sqldb.Tx, j *job.Job) error {
	switch {
	case j.Type == job.Undo:
		j.Unread = max(j.TotalRows-j.Counts.Read, 0)
		return nil
	case j.FileID == "" || j.Detected == nil:
		j.Unread = job.UnreadUnknown
		return nil
	}
	j.Unread = job.UnreadUnknown
	o := j.QueueOptions()
	o.Unique = "bulk-unread:" + j.ID
	_, err := jobs.Insert(ctx, tx, unreadArgs{j.CommunityID, j.ID}, o)
	return err
}

// countUnread counts the rows behind the position of a stopped job.
func (b *Bulk) countUnread(ctx context.Context, queued *jobs.Job, args unreadArgs) error {
	j, err := job.Load(ctx, b.db, args.CommunityID, args.JobID)
	if errs.KindOf(err) == errs.NotFound || err == nil && (j.Unread != job.UnreadUnknown || j.FileID == "") {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := b.rowsBehind(ctx, &j)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errMissing), errs.From(err) != nil && errs.KindOf(err) != errs.Unavailable:
		return nil // the file is gone or cannot be read; the number stays unknown
	case err != nil:
		return err
	}
	return queued.Tx(ctx, func(tx *sqldb.Tx) error { return job.SetUnread(ctx, tx, j.CommunityID, j.ID, n) })
}

// rowsBehind returns the number of readable rows behind the position of a job.
func (b *Bulk) rowsBehind(ctx context.Context, j *job.Job) (n int64, err error) {
	if err := b.verify(ctx, j); err != nil {
		return 0, err
	}
	table, err := b.openTable(ctx, j, nil)
	if err != nil {
		return 0, err
	}
	defer table.Close()
	if err := table.Seek(j.Position); err != nil {
		return 0, err
	}
	var row record.Row
	for {
		err := table.Next(&row)
		if errors.Is(err, io.EOF) || errors.Is(err, unpack.ErrDamaged) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n++
	}
}
