package roster

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Change changes fields of a member, all of them or none, and returns the rows
// of the history that it wrote, one for each value that differs. The actor needs
// UserFields. It fails with NotFound user_not_found, Forbidden rank_too_low for a
// member that is neither the actor nor ranked below, Invalid invalid_input with an
// entry for each invalid value, and Conflict identifier_taken, username_taken,
// account_shared or field_busy.
func (s *Roster) Change(ctx context.Context, actor actor.Actor, communityID, userID string, values []member.FieldValue, source member.Source) ([]member.HistoryRow, error) {
	if err := s.access.Can(ctx, actor, communityID, permission.UserFields); err != nil {
		return nil, err
	}
	var rows []member.HistoryRow
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		may, err := member.AuthorityOf(ctx, tx, actor, communityID)
		if err != nil {
			return err
		}
		e, err := member.BeginEdit(ctx, tx, may, communityID, userID, s.clock)
		if err != nil {
			return err
		}
		e.Source = source
		if err := e.ApplyAll(ctx, tx, values); err != nil {
			return err
		}
		rows, err = e.Finish(ctx, tx)
		return err
	})
	if err == nil && len(rows) > 0 {
		err = s.NameHistory(ctx, communityID, rows)
	}
	return rows, err
}
