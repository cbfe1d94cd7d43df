package undo

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// reversedKey is the entry of a line.
type reversedKey struct {
	sourceID string
	unit     ledger.Unit
}

// reverseEntries reverses the entries of rows in the ledger, the latest first. list is in the
// order of the undo.
func (u *reversal) reverseEntries(ctx context.Context, tx *sqldb.Tx, list []outcome.Record) error {
	var ids []string
	for i := range list {
		if slices.ContainsFunc(list[i].Changes, func(c outcome.Change) bool { return posting.Of(c.Field) != nil }) {
			ids = append(ids, posting.Source(u.Job.ParentID, list[i].Pos.Line).ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	done, err := u.Ledger.ReverseSources(ctx, tx, u.Job.CommunityID, ledger.FromBulkJob, ids, "Undo of a bulk job")
	for i := range done {
		u.entries[reversedKey{done[i].Of.Source.ID, done[i].Of.Unit}] = &done[i]
	}
	return err
}

// restoreBalances adds the reversed entries of a row to its record, and their kept parts.
func (u *reversal) restoreBalances(done *outcome.Record, undone *outcome.Record) {
	for _, c := range slices.Backward(done.Changes) {
		f := posting.Of(c.Field)
		if f == nil {
			continue
		}
		r := u.entries[reversedKey{posting.Source(u.Job.ParentID, done.Pos.Line).ID, posting.UnitOf(f)}]
		switch {
		case r == nil || errs.Is(r.Err, "not_reversible") || errs.Is(r.Err, "already_reversed"):
			continue // the member was erased, or the entry was reversed by hand
		case r.Err != nil:
			e := errs.From(r.Err)
			undone.AddError(f.Field, e.Code, e.Sentence, "")
			continue
		}
		if r.Kept > 0 {
			undone.Errors = append(undone.Errors, *source.NewRowError(f.Field, "spent", errs.NewSentence("%d of the credit are spent, held or expired and are kept.", r.Kept), shown(r.Kept)))
		}
		if r.Entry != nil {
			undone.Changes = append(undone.Changes, outcome.Change{Field: f.ID, Old: amount(r.Entry.BalanceAfter - r.Entry.Amount), New: amount(r.Entry.BalanceAfter)})
		}
	}
}

// amount is a balance as the value of a change.
func amount(n int64) json.RawMessage { return field.AppendValue(nil, n) }
