package bulk

import (
	"context"
	"errors"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

const gaveUp = "gave_up"

// The errors of jobs that were given up. The errors of their attempts are in the
// log and on the page of the installation's owner.
var (
	errDied = errs.New(errs.Internal, gaveUp,
		"The server's process ended three times during this job, without progress. Often it has too little memory. Ask the operator for more, or divide the file, and upload the missing rows.")
	errFailedOften = errs.New(errs.Internal, gaveUp,
		"Every attempt at this job failed because of an error of the server. The log has the error. Ask the operator, then upload the missing rows.")
)

// abandon ends a bulk job in the transaction of the queue.
func (b *Bulk) abandon(ctx context.Context, tx *sqldb.Tx, args runArgs, why jobs.Cause) error {
	j, err := job.Lock(ctx, tx, args.CommunityID, args.JobID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // the community was erased
	}
	if err != nil || j.Status != job.Queued && j.Status != job.Running {
		return err
	}
	message := errFailedOften.Sentence
	if why == jobs.Crashed {
		message = errDied.Sentence
	}
	return b.end(ctx, tx, &j, job.Failed, gaveUp, message)
}

// errMissing is the cause of the errors of missingFile.
var errMissing = errors.New("bulk: no such file in the storage of this server")

// missingFile is the error of a job without its file on this server.
func (b *Bulk) missingFile(ctx context.Context) error {
	others, err := b.engine.OtherNodes(ctx)
	if err != nil {
		return err
	}
	if others > 0 && !b.files.Shared() {
		return errs.New(errs.Gone, "damaged_file",
			"The uploaded file is not in the storage of the server that continued this job. The servers of this installation must share one file storage. Ask the operator, then upload the missing rows.").Because(errMissing)
	}
	return errs.New(errs.Gone, "damaged_file", "The uploaded file is no longer in the server's storage. Upload it again.").Because(errMissing)
}
