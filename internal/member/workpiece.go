package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// values are the values of the field that the members of the piece have.
func (p *piece) values() (map[string]any, error) {
	found := map[string]any{}
	for _, d := range p.documents {
		values, err := field.DecodeValues(d.text)
		if err != nil {
			return nil, err
		}
		if value := values.Get(p.field.Field); value != nil {
			found[d.userID] = value
		}
	}
	return found, nil
}

// fill puts members into the index. Who has changed since the field became
// filterable may be in it already.
func (p *piece) fill(ctx context.Context, tx *sqldb.Tx) error {
	list, err := entriesOf(p.documents, []field.Field{*p.field})
	if err != nil {
		return err
	}
	if err := deleteEntries(ctx, tx, p.communityID, list); err != nil {
		return err
	}
	err = tx.Savepoint(ctx, func() error { return insertEntries(ctx, tx, p.communityID, list) })
	if sqldb.IsConstraint(err) {
		return errs.New(errs.Conflict, "values_refused", "The database refuses the index of these values. Shorten the longest values, then make the field filterable again.")
	}
	return err
}

// identify takes the keys of the members' values.
func (p *piece) identify(ctx context.Context, tx *sqldb.Tx) error {
	found, err := p.values()
	if err != nil {
		return err
	}
	held := make([]Identifier, 0, len(found))
	for userID, value := range found {
		held = append(held, Identifier{p.fieldID, IdentifierKey(value), userID})
	}
	err = tx.Savepoint(ctx, func() error { return SetIdentifiers(ctx, tx, p.communityID, nil, held) })
	if sqldb.IsDuplicate(err) {
		return errs.New(errs.Conflict, "not_unique", "Two members have the same value now.")
	}
	return err
}

// check makes sure that the values fit. It was asked before the work began;
// since then somebody may have changed one.
func (p *piece) check(_ context.Context, _ *sqldb.Tx) error {
	found, err := p.values()
	if err != nil {
		return err
	}
	convert := field.Conversion{From: p.field, To: &p.target.Field, Replace: p.target.Replace}
	for _, value := range found {
		if _, problem := convert.Value(value); problem != nil {
			return errs.New(errs.Conflict, "values_do_not_fit", "The value %s does not fit any more. %s", field.EncodeJSON(value), problem.Said)
		}
	}
	return nil
}

// convert makes values of the new type of the old ones.
func (p *piece) convert(ctx context.Context, tx *sqldb.Tx) error {
	convert := field.Conversion{From: p.target.From, To: p.field, Replace: p.target.Replace}
	return p.change(ctx, tx, func(old any) (any, error) {
		value, problem := convert.Value(old)
		if problem != nil {
			return nil, errs.New(errs.Internal, "values_do_not_fit", "%s: %s", field.EncodeJSON(old), problem.Said)
		}
		return value, nil
	})
}

// clear takes the values of a deleted field away.
func (p *piece) clear(ctx context.Context, tx *sqldb.Tx) error {
	return p.change(ctx, tx, func(any) (any, error) { return nil, nil })
}

// change gives the members of the piece other values and writes the history.
// Members whose new values the database refuses keep theirs and are counted.
func (p *piece) change(ctx context.Context, tx *sqldb.Tx, to func(old any) (any, error)) error {
	found, err := p.values()
	if err != nil || len(found) == 0 {
		return err
	}
	ids := make([]string, 0, len(found))
	for userID := range found {
		ids = append(ids, userID)
	}
	slices.Sort(ids)
	refused, err := divide(ctx, tx, ids, func(ids []string) error { return p.changePart(ctx, tx, ids, to) })
	p.target.Skipped.add(refused)
	return err
}

func (p *piece) changePart(ctx context.Context, tx *sqldb.Tx, ids []string, to func(old any) (any, error)) error {
	people, err := Lookup(ctx, tx, p.communityID, KeySet{IDs: ids}, true)
	if err != nil {
		return err
	}
	changed, changes := people[:0], []Change{}
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
			changes = append(changes, Change{UserID: r.ID, Field: p.field, Old: old, New: value, RecordedAt: at})
		}
	}
	if err := Update(ctx, tx, p.communityID, changed); err != nil {
		return err
	}
	return RecordChanges(ctx, tx, p.communityID, changes, p.target.Source, p.actor)
}
