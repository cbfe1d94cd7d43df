package member

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Follow gives the members of an account, in every community and whatever
// state, its new username and email address, and records that in the history and
// the audit log of each. An unclaimed member who has the username gives way; a
// community where another member has the new address keeps the old one. It is
// an account.ChangeHook.
func (s *Members) Follow(ctx context.Context, tx *sqldb.Tx, _, after account.Account, source string) error {
	homes, err := claimedCommunities(ctx, tx, after.ID)
	if err != nil {
		return err
	}
	for _, communityID := range homes {
		if err := s.followIn(ctx, tx, communityID, after, Source{Type: source}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Members) followIn(ctx context.Context, tx *sqldb.Tx, communityID string, account account.Account, source Source) error {
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return err
	}
	who, err := membershipOf(ctx, tx, communityID, account)
	if err != nil || !who.IsMember() {
		return err
	}
	next := recordOf(account)
	at := who.Stamp(s.clock.MS())
	var changes []Change
	if who.Username != next.Username {
		if err := giveWay(ctx, tx, communityID, next.UsernameKey, who.ID, at); err != nil {
			return err
		}
		if err := RenameAll(ctx, tx, communityID, []Rename{{who.ID, next.Username, next.UsernameKey}}); err != nil {
			return err
		}
		changes = append(changes, Change{UserID: who.ID, Field: field.DefaultField(field.Username), Old: who.Username, New: next.Username, ValidFrom: at, RecordedAt: at})
	}
	if who.Email != next.Email {
		moved, err := setEmail(ctx, tx, communityID, who.ID, next.Email, next.EmailKey)
		if err != nil {
			return err
		}
		if moved {
			changes = append(changes, Change{UserID: who.ID, Field: field.DefaultField(field.EmailName), Old: who.Email, New: next.Email, ValidFrom: at, RecordedAt: at})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if err := Update(ctx, tx, communityID, []*Record{who}); err != nil {
		return err
	}
	noted := make([]audit.Change, len(changes))
	for i := range changes {
		changes[i].ID = changes[i].newID()
		noted[i].Field = changes[i].Field.Field
	}
	if err := RecordChanges(ctx, tx, communityID, changes, source, actor.FromContext(ctx).Ref()); err != nil {
		return err
	}
	return audit.Record(ctx, tx, at, communityID, "user.update", audit.Target{Type: "user", ID: who.ID, Name: next.Username}, noted...)
}
