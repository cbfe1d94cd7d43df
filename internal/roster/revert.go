package roster

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// SetValue is Change for one value of one field, by its id or database name,
// and returns the row of the history. It fails as Change does, but with
// NotFound field_not_found, with invalid values under the name "value", and
// with Conflict value_unchanged.
func (s *Roster) SetValue(ctx context.Context, actor actor.Actor, communityID, userID string, v member.FieldValue, source member.Source) (member.HistoryRow, error) {
	if err := s.access.Can(ctx, actor, communityID, permission.UserFields); err != nil {
		return member.HistoryRow{}, err
	}
	f, err := field.Load(ctx, s.db, communityID, v.Field)
	if err != nil {
		return member.HistoryRow{}, err
	}
	v.Field = f.ID
	rows, err := s.Change(ctx, actor, communityID, userID, []member.FieldValue{v}, source)
	if e := errs.From(err); e != nil {
		for i := range e.Fields {
			e.Fields[i].Field = "value"
			if e.Fields[i].Code == "in_the_future" {
				e.Fields[i].Field = "at"
			}
		}
	}
	if err == nil && len(rows) == 0 {
		return member.HistoryRow{}, member.ErrUnchanged(&f)
	}
	if err != nil {
		return member.HistoryRow{}, err
	}
	return rows[0], nil
}

// Revert restores the value before a change, as a new change, whatever happened
// since. For roles it removes those that the change added and adds those that
// it removed; the actor needs ManageRoles and the rank, as for AddRole. It
// fails with NotFound history_not_found and user_not_found, Conflict
// field_gone, value_unchanged, or value_does_not_fit if the field no longer
// accepts the value, and as Change and AddRole do.
func (s *Roster) Revert(ctx context.Context, actor actor.Actor, communityID, historyID string) (member.HistoryRow, error) {
	if err := s.access.Can(ctx, actor, communityID, permission.AnyMember); err != nil {
		return member.HistoryRow{}, err
	}
	var rows []member.HistoryRow
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		h, err := directory.LoadHistory(ctx, tx, communityID, historyID)
		if err != nil {
			return err
		}
		if h.FieldID == field.RoleName {
			rows, err = s.RevertRoles(ctx, tx, actor, communityID, h)
			return err
		}
		may, err := member.AuthorityOf(ctx, tx, actor, communityID)
		if err != nil {
			return err
		}
		if err := may.Access.Require(permission.UserFields, s.clock.MS()); err != nil {
			return err
		}
		e, err := member.BeginEdit(ctx, tx, may, communityID, h.UserID, s.clock)
		if err != nil {
			return err
		}
		e.Source = member.Source{Type: "revert", ID: h.ID}
		if err := putBack(e, h); err != nil {
			return err
		}
		rows, err = e.Finish(ctx, tx)
		return err
	})
	if err != nil {
		return member.HistoryRow{}, err
	}
	return rows[0], s.NameHistory(ctx, communityID, rows)
}

func putBack(e *member.Edit, h member.HistoryRow) error {
	f := member.FindField(e.Fields, h.FieldID)
	if f == nil || f.ID != h.FieldID {
		return errs.New(errs.Conflict, "field_gone", "The field has since been deleted, so its changes cannot be reverted.")
	}
	value, problem := e.Parse(f, field.Plain(h.Old))
	if problem != nil {
		return errs.New(errs.Conflict, "value_does_not_fit", "%s no longer accepts the value before this change. %s", f.Label(), problem.Said)
	}
	e.Set(f, value, 0)
	if len(e.Changes) == 0 {
		return member.ErrUnchanged(f)
	}
	return nil
}
