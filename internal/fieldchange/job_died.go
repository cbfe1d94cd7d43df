package fieldchange

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// jobDied ends a job in the transaction in which the queue gives it up, so that
// values and field can be changed again. Before a conversion has changed a
// value, the field is unchanged; afterwards it has its new type, and the next
// update converts the remaining values. Sweep queues jobs of deleted fields and
// migrations again.
func (s *Changes) jobDied(ctx context.Context, tx *sqldb.Tx, args fieldJobArgs, why jobs.Cause) error {
	w, err := loadJob(ctx, tx, args.CommunityID, args.FieldID)
	if err != nil || w == nil || w.kind == field.ClearValues || w.target.Field.ID == "" {
		return err
	}
	partial := w.kind == field.ConvertAll && w.stage == stageApply
	if partial {
		w.stage = stagePartial
		if err := saveJob(ctx, tx, w, s.clock.MS()); err != nil {
			return err
		}
	}
	return setFailed(ctx, tx, w.communityID, w.fieldID, failureReason(why, partial, w.done).Sentence)
}

func failureReason(why jobs.Cause, partial bool, done int64) *errs.Error {
	const code = "gave_up"
	switch {
	case why == jobs.Crashed && partial:
		return errs.New(errs.Internal, code, "The server's process ended three times during the conversion. Members converted so far: %d. The others keep the previous values. Ask the operator of the server for more memory, then save the field again to convert the others.", done)
	case why == jobs.Crashed:
		return errs.New(errs.Internal, code, "The server's process ended three times during this change, and the values are as before. Ask the operator of the server for more memory, then change the field again.")
	case partial:
		return errs.New(errs.Internal, code, "Every attempt at the conversion failed because of an error of the server. Members converted so far: %d. The others keep the previous values. Ask the operator of the server, then save the field again to convert the others.", done)
	}
	return errs.New(errs.Internal, code, "Every attempt at this change failed because of an error of the server, and the values are as before. Ask the operator of the server, then change the field again.")
}

// resumePartial makes w continue a conversion that failed halfway, and reports
// whether there is one. Converting a value twice changes nothing, so it starts
// at the first member.
func (w *fieldJob) resumePartial(ctx context.Context, tx *sqldb.Tx, now int64) (bool, error) {
	partial, err := loadPartial(ctx, tx, w.communityID, w.fieldID)
	if err != nil || partial == nil {
		return false, err
	}
	w.kind, w.stage = field.ConvertAll, stageApply
	w.target.From, w.target.Replace = partial.target.From, partial.target.Replace
	return true, saveJob(ctx, tx, w, now)
}
