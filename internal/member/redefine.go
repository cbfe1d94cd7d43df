package member

import (
	"cmp"
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// UpdateField changes a custom field. Values are converted when the type or
// the options change, all of them or none. In a community of some thousand
// members that is done when UpdateField returns; in a larger one a job goes on
// with it, and Field.Work tells how far it is.
//
// It fails with NotFound field_not_found, Invalid invalid_input, and Conflict
// default_field, field_busy, duplicate_field, values_do_not_fit (with
// examples), option_in_use (with the options), or not_unique (with examples).
func (s *Members) UpdateField(ctx context.Context, communityID, ref string, u field.Update) (field.Field, error) {
	f, err := field.Load(ctx, s.db, communityID, ref)
	if err != nil {
		return f, err
	}
	members, err := s.Count(ctx, communityID)
	if err != nil {
		return f, err
	}
	if members > workAtOnce {
		// What takes long is found out before anybody has to wait for it.
		if to, err := u.Validate(f); err != nil {
			return f, err
		} else if err := examine(ctx, s.db, communityID, &f, &to, u.Replace); err != nil {
			return f, err
		}
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		f, err = s.redefine(ctx, tx, communityID, f.ID, u, members)
		return err
	}, sqldb.WithoutGroupCommit)
	if sqldb.IsDuplicate(err) {
		err = errs.New(errs.Conflict, "duplicate_field", "A field with this name was just made.")
	}
	return f, err
}

// redefine is UpdateField inside a transaction, in a community of about so
// many members.
func (s *Members) redefine(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string, u field.Update, members int64) (field.Field, error) {
	atOnce := members <= workAtOnce
	if err := guardFields(ctx, tx, communityID); err != nil {
		return field.Field{}, err
	}
	fields, err := field.List(ctx, tx, communityID)
	if err != nil {
		return field.Field{}, err
	}
	f := field.Find(fields, fieldID)
	if f == nil {
		return field.Field{}, field.ErrNotFound()
	}
	to, err := u.Validate(*f)
	if err != nil {
		return to, err
	}
	for _, other := range fields {
		if !other.Default && other.ID != f.ID {
			if err := field.Collision(to, other); err != nil {
				return to, err
			}
		}
	}
	if atOnce {
		if err := examine(ctx, tx, communityID, f, &to, u.Replace); err != nil {
			return to, err
		}
	}
	before := *f
	if err := s.turn(ctx, tx, communityID, f, target{Field: to, Replace: u.Replace, Source: Source{"field", f.ID}}, members); err != nil {
		return to, err
	}
	after, err := field.LoadByID(ctx, tx, communityID, f.ID)
	if err != nil {
		return to, err
	}
	now := s.clock.MS()
	return after, audit.Record(ctx, tx, now, communityID, "field.update", audit.Target{Type: "field", ID: f.ID, Name: f.Name}, changesOf(before, to)...)
}

// turn writes what changes at once, and does or begins the work on the values.
func (s *Members) turn(ctx context.Context, tx *sqldb.Tx, communityID string, f *field.Field, t target, members int64) error {
	now, to := s.clock.MS(), t.Field
	convert := field.Conversion{From: f, To: &to, Replace: t.Replace}
	next := *f
	next.Name, next.Required, next.Description, next.Order = to.Name, to.Required, to.Description, to.Order
	if !convert.Needed() {
		next.Type, next.Options, next.DefaultValue = to.Type, to.Options, to.DefaultValue
	}
	if f.Filterable && !to.Filterable {
		next.Filterable, next.Filled = false, false
	}
	if f.Identifier && !to.Identifier {
		next.Identifier = false
	}
	if err := field.Store(ctx, tx, communityID, next, now); err != nil {
		return err
	}
	w := &fieldWork{communityID: communityID, fieldID: f.ID, target: t, total: members, actor: actor.FromContext(ctx).Ref()}
	more, err := false, error(nil)
	if !convert.Needed() {
		more, err = w.continuePartial(ctx, tx, now)
	}
	if err == nil && !more {
		more, err = startWork(ctx, tx, w, next, now)
	}
	if err != nil || !more {
		return err
	}
	return s.finishWork(ctx, tx, w)
}

// finishWork does work to its end where that does not take long, else queues
// it.
func (s *Members) finishWork(ctx context.Context, tx *sqldb.Tx, w *fieldWork) error {
	if w.total > workAtOnce {
		return queueWork(ctx, tx, w.communityID, w.fieldID, w.actor)
	}
	for more := true; more; {
		var err error
		if more, err = s.workOn(ctx, tx, w.communityID, w.fieldID); err != nil {
			return err
		}
	}
	return nil
}

// changesOf are the parts of a definition that differ, for the audit log.
func changesOf(old, to field.Field) (changes []audit.Change) {
	for _, part := range []audit.Change{
		{Field: "name", Old: old.Name, New: to.Name},
		{Field: "type", Old: string(old.Type), New: string(to.Type)},
		{Field: "options", Old: old.Options, New: to.Options},
		{Field: "required", Old: old.Required, New: to.Required},
		{Field: "defaultValue", Old: old.DefaultValue, New: to.DefaultValue},
		{Field: "description", Old: old.Description, New: to.Description},
		{Field: "filterable", Old: old.Filterable, New: to.Filterable},
		{Field: "identifier", Old: old.Identifier, New: to.Identifier},
		{Field: "order", Old: old.Order, New: to.Order},
	} {
		if field.EncodeJSON(part.Old) != field.EncodeJSON(part.New) {
			changes = append(changes, part)
		}
	}
	return changes
}

// DeleteField deletes a custom field and its values; its history stays. Once
// members have values, confirm has to be the field's database name. It fails
// with NotFound field_not_found and Conflict default_field, field_busy or
// confirm_needed.
func (s *Members) DeleteField(ctx context.Context, communityID, ref, confirm string) (field.Field, error) {
	f, err := field.Load(ctx, s.db, communityID, ref)
	if err != nil {
		return f, err
	}
	if f.Default {
		return f, errs.New(errs.Conflict, "default_field", "%s is a default field: every community has it.", f.Called())
	}
	have, err := s.HaveValue(ctx, communityID, f)
	if err != nil {
		return f, err
	}
	if have > 0 && confirm != f.Field {
		return f, errs.New(errs.Conflict, "confirm_needed", "%d members have a value in %s, which would be lost. Send confirm=%s to delete it; the history stays.", have, f.Name, f.Field)
	}
	members, err := s.Count(ctx, communityID)
	if err != nil {
		return f, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.deleteField(ctx, tx, communityID, f, members) }, sqldb.WithoutGroupCommit)
	return f, err
}

func (s *Members) deleteField(ctx context.Context, tx *sqldb.Tx, communityID string, f field.Field, members int64) error {
	if err := guardFields(ctx, tx, communityID); err != nil {
		return err
	}
	f, err := field.LoadByID(ctx, tx, communityID, f.ID)
	switch {
	case err != nil:
		return err
	case f.Work.Kind == field.ClearValues:
		return field.ErrNotFound()
	case f.Works():
		return field.ErrBusy(&f)
	}
	now := s.clock.MS()
	f.Filterable, f.Filled, f.Identifier = false, false, false
	if err := field.Store(ctx, tx, communityID, f, now); err != nil {
		return err
	}
	if err := field.InsertDeleted(ctx, tx, communityID, f, now); err != nil {
		return err
	}
	w := &fieldWork{communityID: communityID, fieldID: f.ID, kind: field.ClearValues, stage: stageKeys, target: target{Field: f, Source: Source{"field", f.ID}}, total: members, actor: actor.FromContext(ctx).Ref()}
	if err := saveWork(ctx, tx, w, now); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, now, communityID, "field.delete", audit.Target{Type: "field", ID: f.ID, Name: f.Name}); err != nil {
		return err
	}
	return s.finishWork(ctx, tx, w)
}

// OrderFields puts the custom fields into an order of use: those whose ids are
// named first, the others behind them as they were.
func (s *Members) OrderFields(ctx context.Context, communityID string, ids []string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		fields, err := field.ListCustom(ctx, tx, communityID)
		if err != nil {
			return err
		}
		place := map[string]int{}
		for i, fieldID := range ids {
			place[fieldID] = i + 1
		}
		for i, f := range fields {
			order := int64(cmp.Or(place[f.ID], len(ids)+1+i))
			if err := field.SetOrder(ctx, tx, communityID, f.ID, order, s.clock.MS()); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, s.clock.MS(), communityID, "field.order", audit.Target{Type: "field", ID: id.New(s.clock.Now()), Name: "order"})
	})
}
