package fieldchange

import (
	"cmp"
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// UpdateField changes the definition of a custom field. If the type or the
// options change, all values are converted, or none. In a community of up to
// 5,000 members that is done when UpdateField returns; in a larger one a job
// does it, and Field.Work is its progress. It fails with NotFound
// field_not_found, Invalid invalid_input, and Conflict default_field,
// field_busy, duplicate_field, values_do_not_fit (with examples), option_in_use
// (with the options), or not_unique (with examples).
func (s *Changes) UpdateField(ctx context.Context, caller actor.Actor, communityID, ref string, u field.Update) (field.Field, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.UserFields); err != nil {
		return field.Field{}, err
	}
	f, err := field.Load(ctx, s.db, communityID, ref)
	if err != nil {
		return f, err
	}
	members, err := member.CountMembers(ctx, s.db, communityID)
	if err != nil {
		return f, err
	}
	if members > maxInline {
		// Check before the transaction, which blocks other writers.
		if to, err := u.Validate(f); err != nil {
			return f, err
		} else if err := checkConversion(ctx, s.db, communityID, &f, &to, u.Replace); err != nil {
			return f, err
		}
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		f, err = s.updateField(ctx, tx, caller, communityID, f.ID, u, members)
		return err
	}, sqldb.WithoutGroupCommit)
	if sqldb.IsDuplicate(err) {
		err = errs.New(errs.Conflict, "duplicate_field", "A field with this name has just been created. Choose another name.")
	}
	return f, err
}

// updateField is UpdateField in a transaction; members is an estimate of their
// number.
func (s *Changes) updateField(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, fieldID string, u field.Update, members int64) (field.Field, error) {
	atOnce := members <= maxInline
	if err := member.GuardFields(ctx, tx, communityID); err != nil {
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
		if err := checkConversion(ctx, tx, communityID, f, &to, u.Replace); err != nil {
			return to, err
		}
	}
	before := *f
	if err := s.applyDefinition(ctx, tx, caller, communityID, f, target{Field: to, Replace: u.Replace, Source: member.Source{Type: "field", ID: f.ID}}, members); err != nil {
		return to, err
	}
	after, err := field.LoadByID(ctx, tx, communityID, f.ID)
	if err != nil {
		return to, err
	}
	now := s.clock.MS()
	return after, audit.Record(ctx, tx, caller, now, communityID, "field.update", audit.Target{Type: "field", ID: f.ID, Name: f.Name}, changesOf(before, to)...)
}

// applyDefinition writes the parts of the definition that need no conversion,
// and runs or queues the rest.
func (s *Changes) applyDefinition(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, f *field.Field, t target, members int64) error {
	now, to := s.clock.MS(), t.Field
	convert := field.Conversion{From: f, To: &to, Replace: t.Replace}
	next := *f
	next.Name, next.Required, next.Description, next.Order = to.Name, to.Required, to.Description, to.Order
	if !convert.Needed() {
		next.Type, next.Options, next.DefaultValue = to.Type, to.Options, to.DefaultValue
	}
	if f.Filterable && !to.Filterable {
		next.Filterable, next.Indexed = false, false
	}
	if f.Identifier && !to.Identifier {
		next.Identifier = false
	}
	if err := field.Store(ctx, tx, communityID, next, now); err != nil {
		return err
	}
	w := &fieldJob{communityID: communityID, fieldID: f.ID, target: t, total: members, actor: caller.Ref()}
	more, err := false, error(nil)
	if !convert.Needed() {
		more, err = w.resumePartial(ctx, tx, now)
	}
	if err == nil && !more {
		more, err = startJob(ctx, tx, w, next, now)
	}
	if err != nil || !more {
		return err
	}
	return s.finishJob(ctx, tx, w)
}

// finishJob runs the job to its end if it is short, else queues it.
func (s *Changes) finishJob(ctx context.Context, tx *sqldb.Tx, w *fieldJob) error {
	if w.total > maxInline {
		return queueJob(ctx, tx, w.communityID, w.fieldID, w.actor)
	}
	for more := true; more; {
		var err error
		if more, err = s.runBatch(ctx, tx, w.communityID, w.fieldID); err != nil {
			return err
		}
	}
	return nil
}

// changesOf returns the parts of a definition that differ, for the audit log.
func changesOf(old, to field.Field) []audit.Change {
	return audit.Diff(
		audit.Change{Field: "name", Old: old.Name, New: to.Name},
		audit.Change{Field: "type", Old: string(old.Type), New: string(to.Type)},
		audit.Change{Field: "options", Old: old.Options, New: to.Options},
		audit.Change{Field: "required", Old: old.Required, New: to.Required},
		audit.Change{Field: "defaultValue", Old: old.DefaultValue, New: to.DefaultValue},
		audit.Change{Field: "description", Old: old.Description, New: to.Description},
		audit.Change{Field: "filterable", Old: old.Filterable, New: to.Filterable},
		audit.Change{Field: "identifier", Old: old.Identifier, New: to.Identifier},
		audit.Change{Field: "order", Old: old.Order, New: to.Order},
	)
}

// DeleteField deletes a custom field and its values; the history stays. If
// members have values, confirm has to be the database name of the field. It
// fails with NotFound field_not_found and Conflict default_field, field_busy or
// confirm_needed.
func (s *Changes) DeleteField(ctx context.Context, caller actor.Actor, communityID, ref, confirm string) (field.Field, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.UserFields); err != nil {
		return field.Field{}, err
	}
	f, err := field.Load(ctx, s.db, communityID, ref)
	if err != nil {
		return f, err
	}
	if f.Default {
		return f, errs.New(errs.Conflict, "default_field", "%s is a default field: every community has it.", f.Label())
	}
	have, err := member.CountWithValue(ctx, s.db, communityID, f.Field)
	if err != nil {
		return f, err
	}
	if have > 0 && confirm != f.Field {
		return f, errs.New(errs.Conflict, "confirm_needed", "%d members have a value in %s, which would be lost. Send confirm=%s to delete it; the history stays.", have, f.Name, f.Field)
	}
	members, err := member.CountMembers(ctx, s.db, communityID)
	if err != nil {
		return f, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.deleteField(ctx, tx, caller, communityID, f, members) }, sqldb.WithoutGroupCommit)
	return f, err
}

func (s *Changes) deleteField(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, f field.Field, members int64) error {
	if err := member.GuardFields(ctx, tx, communityID); err != nil {
		return err
	}
	f, err := field.LoadByID(ctx, tx, communityID, f.ID)
	switch {
	case err != nil:
		return err
	case f.Work.Kind == field.ClearValues:
		return field.ErrNotFound()
	case f.InProgress():
		return field.ErrBusy(&f)
	}
	now := s.clock.MS()
	f.Filterable, f.Indexed, f.Identifier = false, false, false
	if err := field.Store(ctx, tx, communityID, f, now); err != nil {
		return err
	}
	if err := field.InsertDeleted(ctx, tx, communityID, f, now); err != nil {
		return err
	}
	w := &fieldJob{communityID: communityID, fieldID: f.ID, kind: field.ClearValues, stage: stageKeys, target: target{Field: f, Source: member.Source{Type: "field", ID: f.ID}}, total: members, actor: caller.Ref()}
	if err := saveJob(ctx, tx, w, now); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, caller, now, communityID, "field.delete", audit.Target{Type: "field", ID: f.ID, Name: f.Name}); err != nil {
		return err
	}
	return s.finishJob(ctx, tx, w)
}

// OrderFields orders the custom fields: those with the ids first, then the
// others in their previous order.
func (s *Changes) OrderFields(ctx context.Context, caller actor.Actor, communityID string, ids []string) error {
	if err := s.access.Can(ctx, caller, communityID, permission.UserFields); err != nil {
		return err
	}
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
		return audit.Record(ctx, tx, caller, s.clock.MS(), communityID, "field.order", audit.Target{Type: "field", ID: id.New(s.clock.Now()), Name: "order"})
	})
}
