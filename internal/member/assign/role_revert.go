package assign

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// RevertRoles reverts one change of roles, in the caller's transaction.
func (s *Assignments) RevertRoles(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, h member.HistoryRow) ([]member.HistoryRow, error) {
	a, err := s.newRoleAssignment(ctx, tx, actor, communityID, member.Source{Type: "revert", ID: h.ID})
	if err != nil {
		return nil, err
	}
	if err := a.power.Require(permission.ManageRoles, a.now); err != nil {
		return nil, err
	}
	who, err := a.lock(ctx, tx, h.UserID)
	if err != nil {
		return nil, err
	}
	had, got := roleIDs(h.Old), roleIDs(h.New)
	take, err := a.revertible(without(got, had), false, who)
	if err != nil {
		return nil, err
	}
	give, err := a.revertible(without(had, got), true, who)
	if err != nil {
		return nil, err
	}
	if len(take)+len(give) == 0 {
		return nil, member.ErrUnchanged(field.DefaultField(field.RoleName))
	}
	changes, err := a.replace(ctx, tx, []*member.Record{who}, take, give)
	if err != nil {
		return nil, err
	}
	e := member.Edit{Actor: a.actor, Source: a.source, Changes: changes}
	return e.Rows(), nil
}

func roleIDs(value any) []string {
	ids, _ := value.([]string)
	return ids
}

func without(ids, others []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(one string) bool { return slices.Contains(others, one) })
}
