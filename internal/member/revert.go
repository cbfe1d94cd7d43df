package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Record is Change for one value of one field that the caller names by its id
// or database name, with the row it made. It fails like Change, but with
// NotFound field_not_found, wrong values under the name "value", and Conflict
// value_unchanged when the field has the value already.
func (s *Members) Record(ctx context.Context, actor actor.Actor, communityID, userID string, v FieldValue, source Source) (HistoryRow, error) {
	f, err := field.Load(ctx, s.db, communityID, v.Field)
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
		return HistoryRow{}, errUnchanged(&f)
	}
	if err != nil {
		return HistoryRow{}, err
	}
	return rows[0], nil
}

func errUnchanged(f *field.Field) error {
	return errs.New(errs.Conflict, "value_unchanged", "%s has this value already, so there is no change to write down.", f.Called())
}

// Revert puts back the value that a change replaced, as a new change, whatever
// happened since. Of roles it takes back what the change gave and gives back
// what it took, and leaves the others: for that the actor needs ManageRoles and
// the ranks, as for AddRole. It fails with NotFound history_not_found and
// user_not_found, and Conflict field_gone, value_does_not_fit when the field
// would not take that value any more, value_unchanged, or as Change and, for
// roles, AddRole do.
func (s *Members) Revert(ctx context.Context, actor actor.Actor, communityID, historyID string) (HistoryRow, error) {
	var rows []HistoryRow
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		h, err := loadHistory(ctx, tx, communityID, historyID)
		if err != nil {
			return err
		}
		if h.FieldID == field.RoleName {
			rows, err = s.revertRoles(ctx, tx, actor, communityID, h)
			return err
		}
		may, err := s.reachOf(ctx, tx, actor, communityID)
		if err != nil {
			return err
		}
		e, err := beginEdit(ctx, tx, may, communityID, h.UserID, s.clock)
		if err != nil {
			return err
		}
		e.source = Source{"revert", h.ID}
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
	value, problem := e.read(f, field.Plain(h.Old))
	if problem != nil {
		return errs.New(errs.Conflict, "value_does_not_fit", "%s no longer takes the value it had before this change. %s", f.Called(), problem.Said)
	}
	e.set(f, value, 0)
	if len(e.changes) == 0 {
		return errUnchanged(f)
	}
	return nil
}

// revertRoles takes one change of somebody's roles back.
func (s *Members) revertRoles(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, h HistoryRow) ([]HistoryRow, error) {
	hand, err := s.beginHanding(ctx, tx, actor, communityID, Source{"revert", h.ID})
	if err != nil {
		return nil, err
	}
	if err := hand.power.Require(access.PermManageRoles, hand.now); err != nil {
		return nil, err
	}
	who, err := hand.lock(ctx, tx, h.UserID)
	if err != nil {
		return nil, err
	}
	had, got := roleIDs(h.Old), roleIDs(h.New)
	take, err := hand.reversed(without(got, had), false, who)
	if err != nil {
		return nil, err
	}
	give, err := hand.reversed(without(had, got), true, who)
	if err != nil {
		return nil, err
	}
	if len(take)+len(give) == 0 {
		return nil, errUnchanged(field.DefaultField(field.RoleName))
	}
	changes, err := hand.exchange(ctx, tx, who, take, give)
	if err != nil {
		return nil, err
	}
	e := edit{actor: hand.by, source: hand.source, changes: changes}
	return e.rows(), nil
}

func roleIDs(value any) []string {
	ids, _ := value.([]string)
	return ids
}

func without(ids, others []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(one string) bool { return slices.Contains(others, one) })
}

// reversed are those of the roles that the member has to be given, or to be
// freed of, when a change is taken back. A role that is deleted can be taken
// off nobody, and given to nobody.
func (h *handing) reversed(ids []string, giving bool, who *Record) (roles []access.Role, err error) {
	for _, roleID := range ids {
		at := slices.IndexFunc(h.roles, func(r access.Role) bool { return r.ID == roleID })
		switch {
		case at < 0 && giving:
			return nil, errs.New(errs.Conflict, "value_does_not_fit", "A role that this change took away was deleted since; nobody can have it.")
		case at < 0 || slices.Contains(who.RoleIDs, roleID) == giving:
			continue
		}
		if err := h.allowed(h.roles[at], giving, who); err != nil {
			return nil, err
		}
		roles = append(roles, h.roles[at])
	}
	return roles, nil
}
