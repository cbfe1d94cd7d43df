package fieldchange

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// values returns the values of the field by member.
func (p *batch) values() (map[string]any, error) {
	found := map[string]any{}
	for _, d := range p.documents {
		values, err := field.DecodeValues(d.Text)
		if err != nil {
			return nil, err
		}
		if value := values.Get(p.field.Field); value != nil {
			found[d.UserID] = value
		}
	}
	return found, nil
}

// fill adds members to the index, which may have some already.
func (p *batch) fill(ctx context.Context, tx *sqldb.Tx) error {
	list, err := member.EntriesOf(p.documents, []field.Field{*p.field})
	if err != nil {
		return err
	}
	if err := member.DeleteEntries(ctx, tx, p.communityID, list); err != nil {
		return err
	}
	err = tx.Savepoint(ctx, func() error { return member.InsertEntries(ctx, tx, p.communityID, list) })
	if sqldb.IsConstraint(err) {
		return errs.New(errs.Conflict, "values_refused", "The database rejects the index of these values. Shorten the longest values, then make the field filterable again.")
	}
	return err
}

// identify inserts the keys of the values.
func (p *batch) identify(ctx context.Context, tx *sqldb.Tx) error {
	found, err := p.values()
	if err != nil {
		return err
	}
	held := make([]member.Identifier, 0, len(found))
	for userID, value := range found {
		held = append(held, member.Identifier{FieldID: p.fieldID, Key: member.IdentifierKey(value), UserID: userID})
	}
	err = tx.Savepoint(ctx, func() error { return member.SetIdentifiers(ctx, tx, p.communityID, nil, held) })
	if sqldb.IsDuplicate(err) {
		return errs.New(errs.Conflict, "not_unique", "Two members now have the same value.")
	}
	return err
}

// check checks the values again, since they may have changed after UpdateField.
func (p *batch) check(_ context.Context, _ *sqldb.Tx) error {
	found, err := p.values()
	if err != nil {
		return err
	}
	convert := field.Conversion{From: p.field, To: &p.target.Field, Replace: p.target.Replace}
	for _, value := range found {
		if _, problem := convert.Value(value); problem != nil {
			return errs.New(errs.Conflict, "values_do_not_fit", "The value %s no longer fits. %s", field.EncodeJSON(value), problem.Said)
		}
	}
	return nil
}

// convert converts values to the new type.
func (p *batch) convert(ctx context.Context, tx *sqldb.Tx) error {
	convert := field.Conversion{From: p.target.From, To: p.field, Replace: p.target.Replace}
	return p.change(ctx, tx, func(old any) (any, error) {
		value, problem := convert.Value(old)
		if problem != nil {
			return nil, errs.New(errs.Internal, "values_do_not_fit", "%s: %s", field.EncodeJSON(old), problem.Said)
		}
		return value, nil
	})
}

// clear removes the values of a deleted field.
func (p *batch) clear(ctx context.Context, tx *sqldb.Tx) error {
	return p.change(ctx, tx, func(any) (any, error) { return nil, nil })
}

// change sets new values and writes the history. Members whose new values the
// database rejects are skipped and counted.
func (p *batch) change(ctx context.Context, tx *sqldb.Tx, to func(old any) (any, error)) error {
	found, err := p.values()
	if err != nil || len(found) == 0 {
		return err
	}
	ids := make([]string, 0, len(found))
	for userID := range found {
		ids = append(ids, userID)
	}
	slices.Sort(ids)
	refused, err := member.Bisect(ctx, tx, ids, func(ids []string) error { return p.changePart(ctx, tx, ids, to) })
	p.target.Skipped.Add(refused)
	return err
}

func (p *batch) changePart(ctx context.Context, tx *sqldb.Tx, ids []string, to func(old any) (any, error)) error {
	people, err := member.Lookup(ctx, tx, p.communityID, member.KeySet{IDs: ids}, true)
	if err != nil {
		return err
	}
	changed, changes := people[:0], []member.Change{}
	for _, r := range people {
		old := r.Get(p.field)
		value, err := to(old)
		if err != nil {
			return err
		}
		if field.Equal(old, value) {
			continue
		}
		r.Set(p.field, value)
		at := r.Stamp(p.now)
		changed = append(changed, r)
		if !field.SameChoices(old, value) {
			changes = append(changes, member.Change{UserID: r.ID, Field: p.field, Old: old, New: value, RecordedAt: at})
		}
	}
	if err := member.Update(ctx, tx, p.communityID, changed); err != nil {
		return err
	}
	return member.RecordChanges(ctx, tx, p.communityID, changes, p.target.Source, p.actor)
}

// deleteKeys deletes the next stale keys of the field, and starts the next
// stage after the last.
func (p *batch) deleteKeys(ctx context.Context, tx *sqldb.Tx) (more bool, err error) {
	stale, err := member.StaleKeys(ctx, tx, p.communityID, *p.field)
	if err != nil {
		return false, err
	}
	if len(stale) > 0 {
		return true, stale[0].DeleteSome(ctx, tx, p.communityID, p.fieldID)
	}
	if p.kind == field.DropKeys {
		return startJob(ctx, tx, p.fieldJob, *p.field, p.now)
	}
	p.stage = ""
	return true, saveJob(ctx, tx, p.fieldJob, p.now)
}

// deleteTaken deletes the next keys of a failed job, and reports whether there
// may be more.
func deleteTaken(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (more bool, err error) {
	f, err := field.LoadByID(ctx, tx, communityID, fieldID)
	if err != nil {
		return false, err
	}
	stale, err := member.StaleKeys(ctx, tx, communityID, f)
	if err != nil || len(stale) == 0 {
		return false, err
	}
	return true, stale[0].DeleteSome(ctx, tx, communityID, fieldID)
}
