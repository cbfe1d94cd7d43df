package undo

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// undoFields deletes the fields that the original job created and nothing else uses.
// A field that is kept is a warning of the undo, and listed in the details of its first
// row in file order.
func (r *run) undoFields(ctx context.Context, original *job.Job) error {
	ids, err := newfield.Of(ctx, r.DB, r.Job.CommunityID, original.ID)
	if err != nil {
		return err
	}
	for _, fieldID := range ids {
		if err := r.Tx(ctx, func(tx *sqldb.Tx) error { return r.undoField(ctx, tx, original, fieldID) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) undoField(ctx context.Context, tx *sqldb.Tx, original *job.Job, fieldID string) error {
	if _, err := job.LockForBatch(ctx, tx, r.Job, 0); err != nil {
		return err
	}
	f, kept, err := newfield.DeleteUnused(ctx, tx, r.Job, original, fieldID, r.Clock.MS())
	if err != nil {
		return err
	}
	if !kept.IsZero() {
		err := job.AddWarning(ctx, tx, r.Job, sheet.Warning{Code: WarnFieldKept, Message: kept, Count: 1})
		if err == nil {
			err = r.listKeptField(ctx, tx, original, f, kept)
		}
		if err != nil {
			return err
		}
	}
	return newfield.Forget(ctx, tx, r.Job.CommunityID, original.ID, fieldID)
}

// listKeptField adds a field to the details of the first row in file order, if the
// undo has rows.
func (r *run) listKeptField(ctx context.Context, tx *sqldb.Tx, original *job.Job, f *field.Field, kept errs.Sentence) error {
	for number := original.Batches - 1; number >= 0; number-- {
		found, err := outcome.Find(ctx, tx, r.Job.CommunityID, r.Job.ID, number, 0, 0)
		if err != nil {
			return err
		}
		if found == nil || found.LastLine == 0 {
			continue
		}
		list, err := outcome.Unpack(found.Outcomes)
		if err != nil {
			return err
		}
		first := 0
		for i := range list {
			if list[i].Pos.Line < list[first].Pos.Line {
				first = i
			}
		}
		before := keptRows(list)
		list[first].AddError(f.Field, "used_elsewhere", kept, f.Name)
		packed, err := outcome.Pack(list)
		if err != nil {
			return err
		}
		if err := job.AddKept(ctx, tx, r.Job, keptRows(list)-before); err != nil {
			return err
		}
		return outcome.UpdateOutcomes(ctx, tx, r.Job.CommunityID, r.Job.ID, found.Number, packed)
	}
	return nil
}
