package member

import (
	"context"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Record is Change for one value of one field that the caller names by its id
// or database name, with the row it made. It fails like Change, but with
// NotFound field_not_found, wrong values under the name "value", and Conflict
// value_unchanged when the field has the value already.
func (s *Members) Record(ctx context.Context, actor auth.Actor, communityID, userID string, v FieldValue, source Source) (HistoryRow, error) {
	f, err := s.Field(ctx, communityID, v.Field)
	if err != nil {
		return HistoryRow{}, err
	}
	v.Field = f.ID
	rows, err := s.Change(ctx, actor, communityID, userID, []FieldValue{v}, source)
	if e := errs.From(err); e != nil {
		for i := range e.Fields {
			e.Fields[i].Field = "value"
			if e.Fields[i].Code == "in_the_future" {
				e.Fields[i].Field = "at"
			}
		}
	}
	if err == nil && len(rows) == 0 {
		return HistoryRow{}, errUnchanged(f.Name)
	}
	if err != nil {
		return HistoryRow{}, err
	}
	return rows[0], nil
}

func errUnchanged(name string) error {
	return errs.New(errs.Conflict, "value_unchanged", "%s has this value already, so there is no change to write down.", name)
}

// Revert puts back the value that a change replaced, as a new change, whatever
// happened since. It fails with NotFound history_not_found and user_not_found,
// and Conflict field_gone, value_does_not_fit when the field would not take
// that value any more, value_unchanged, or as Change does.
func (s *Members) Revert(ctx context.Context, actor auth.Actor, communityID, historyID string) (HistoryRow, error) {
	var rows []HistoryRow
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		h, err := loadHistory(ctx, tx, communityID, historyID)
		if err != nil {
			return err
		}
		e, err := beginEdit(ctx, tx, communityID, h.UserID, s.clock.MS())
		if err != nil {
			return err
		}
		e.actor, e.source = actor.Ref(), Source{"revert", h.ID}
		if err := e.putBack(h); err != nil {
			return err
		}
		rows, err = e.finish(ctx, tx)
		return err
	})
	if err != nil {
		return HistoryRow{}, err
	}
	return rows[0], s.nameHistory(ctx, communityID, rows)
}

func (e *edit) putBack(h HistoryRow) error {
	f := findField(e.fields, h.FieldID)
	if f == nil || f.ID != h.FieldID {
		return errs.New(errs.Conflict, "field_gone", "The field was deleted since; its history stays, but nothing can be put back.")
	}
	value, problem := e.read(f, plain(h.Old))
	if problem != nil {
		return errs.New(errs.Conflict, "value_does_not_fit", "%s no longer takes the value it had before this change. %s", f.Name, problem.Message)
	}
	e.set(f, value, 0)
	if len(e.changes) == 0 {
		return errUnchanged(f.Name)
	}
	return nil
}

// plain is a value of a field as encoding/json would decode it.
func plain(value any) any {
	list, ok := value.([]string)
	if !ok {
		return value
	}
	items := make([]any, len(list))
	for i, text := range list {
		items[i] = text
	}
	return items
}
