package member

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Follow returns a hook that copies a changed username and email address of an
// account to its members, in every community and state, and records the changes
// in the history and the audit log. An unclaimed member with the same username
// is renamed; a community where another member has the new address keeps the
// old one.
func Follow(c clock.Clock) account.ChangeHook {
	return func(ctx context.Context, tx *sqldb.Tx, by actor.Actor, _, after account.Account, source string) error {
		return follow(ctx, tx, by, after, source, c)
	}
}

func follow(ctx context.Context, tx *sqldb.Tx, by actor.Actor, after account.Account, source string, c clock.Clock) error {
	homes, err := claimedCommunities(ctx, tx, after.ID)
	if err != nil {
		return err
	}
	for _, communityID := range homes {
		if err := followIn(ctx, tx, by, communityID, after, Source{Type: source}, c); err != nil {
			return err
		}
	}
	return nil
}

func followIn(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, account account.Account, source Source, c clock.Clock) error {
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return err
	}
	who, err := LoadOrNew(ctx, tx, communityID, account)
	if err != nil || !who.IsMember() {
		return err
	}
	next := RecordOf(account)
	at := who.Stamp(c.MS())
	var changes []Change
	if who.Username != next.Username {
		if err := YieldUsername(ctx, tx, by, communityID, next.UsernameKey, who.ID, at); err != nil {
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
		changes[i].ID = changes[i].NewID()
		noted[i].Field = changes[i].Field.Field
	}
	if err := RecordChanges(ctx, tx, communityID, changes, source, by.Ref()); err != nil {
		return err
	}
	return audit.Record(ctx, tx, by, at, communityID, "user.update", audit.Target{Type: "user", ID: who.ID, Name: next.Username}, noted...)
}
