package bulk

import (
	"context"
	"errors"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

const gaveUp = "gave_up"

// The errors of jobs that were given up. What their attempts failed with is only
// in the log and on the page of the installation's owner.
var (
	errDied = errs.New(errs.Internal, gaveUp,
		"The server's process ended three times while it worked on this job, without moving on. Often it has too little memory. Ask its operator to give it more, or divide the file, and upload what is missing.")
	errFailedOften = errs.New(errs.Internal, gaveUp,
		"Every attempt at this job failed because of an error of the server, so it was given up. Ask the server's operator, whose log names the error; then upload what is missing.")
)

// giveUp ends a bulk job in the transaction in which the queue gives up.
func (b *Bulk) giveUp(ctx context.Context, tx *sqldb.Tx, args runArgs, why jobs.Cause) error {
	j, err := lockJob(ctx, tx, args.CommunityID, args.JobID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // the community was erased
	}
	if err != nil || j.Status != Queued && j.Status != Running {
		return err
	}
	message := errFailedOften.Message
	if why == jobs.Crashed {
		message = errDied.Message
	}
	return b.end(ctx, tx, &j, Failed, gaveUp, message)
}

// errMissing is the cause of the errors of missingFile.
var errMissing = errors.New("bulk: no such file in the storage of this server")

// missingFile is the error of a job without its file in the storage of this
// server.
func (b *Bulk) missingFile(ctx context.Context) error {
	others, err := b.engine.OtherNodes(ctx)
	if err != nil {
		return err
	}
	if others > 0 {
		return errs.New(errs.Gone, "damaged_file",
			"The uploaded file is not in the storage of the server that continued this job. The servers of this installation must share one file storage: tell their operator, then upload what is missing.").Because(errMissing)
	}
	return errs.New(errs.Gone, "damaged_file", "The uploaded file is no longer in the server's storage. Upload it again.").Because(errMissing)
}

// smallFile is the size in bytes from which a file waits for the workers of
// large ones.
const smallFile = 256 << 10

// smallUndo is the same for an undo, in rows.
const smallUndo = 2_500

// queueOptions choose the workers of a job and the share that it belongs to.
func (j *job) queueOptions() jobs.Options {
	o := jobs.Options{Unique: "bulk:" + j.ID, CommunityID: j.CommunityID, Owner: j.owner, Lane: jobs.Large}
	if o.Owner == "" {
		o.Owner = j.Actor
	}
	if j.Type == Undo && j.TotalRows < smallUndo || j.Type != Undo && j.FileSize < smallFile {
		o.Lane = jobs.Small
	}
	return o
}

// mayYield reports whether the job can continue later where it is now. A dry
// run starts over, so it does that only to leave the workers of small files.
func (r *run) mayYield() bool { return !r.job.DryRun || r.queued.Lane == jobs.Small }
