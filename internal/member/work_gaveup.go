package member

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// workGaveUp ends work in the transaction in which the queue gives its job up,
// so that nothing waits for it: values can be changed, and so can the field.
// Before a conversion has changed a value the field is as it was; later it has
// its new type, and the next update of the field converts the values that are
// left. Work that nothing waits for, which is that of a deleted field or of a
// migration, is queued again by resumeWork.
func (s *Members) workGaveUp(ctx context.Context, tx *sqldb.Tx, args fieldWorkArgs, why jobs.Cause) error {
	w, err := loadWork(ctx, tx, args.CommunityID, args.FieldID)
	if err != nil || w == nil || w.kind == field.ClearValues || w.target.Field.ID == "" {
		return err
	}
	partial := w.kind == field.ConvertAll && w.stage == stageApply
	if partial {
		w.stage = stagePartial
		if err := saveWork(ctx, tx, w, s.clock.MS()); err != nil {
			return err
		}
	}
	return setGivenUp(ctx, tx, w.communityID, w.fieldID, gaveUpReason(why, partial, w.done).Message)
}

func gaveUpReason(why jobs.Cause, partial bool, done int64) *errs.Error {
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

// continuePartial makes w convert the values that a conversion left when it was
// given up, and reports whether there is one. A converted value that is
// converted again stays as it is, so the work starts with the first member:
// others may have joined since.
func (w *fieldWork) continuePartial(ctx context.Context, tx *sqldb.Tx, now int64) (bool, error) {
	partial, err := loadPartial(ctx, tx, w.communityID, w.fieldID)
	if err != nil || partial == nil {
		return false, err
	}
	w.kind, w.stage = field.ConvertAll, stageApply
	w.target.From, w.target.Replace = partial.target.From, partial.target.Replace
	return true, saveWork(ctx, tx, w, now)
}
