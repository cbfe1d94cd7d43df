package member

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// LoadOrNew returns the record of an account in a community: the claimed one,
// else the unclaimed one with its confirmed address, else a new one.
func LoadOrNew(ctx context.Context, tx *sqldb.Tx, communityID string, account account.Account) (*Record, error) {
	memberID, err := IDByAccount(ctx, tx, communityID, account.ID)
	if err != nil {
		return nil, err
	}
	if memberID != "" {
		found, err := Lookup(ctx, tx, communityID, KeySet{IDs: []string{memberID}}, true)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	who, err := UnclaimedFor(ctx, tx, communityID, account)
	if err == nil && who == nil {
		who = RecordOf(account)
	}
	return who, err
}

// UnclaimedFor returns the unclaimed member with the confirmed address of an
// account, nil if there is none; the row is locked.
func UnclaimedFor(ctx context.Context, tx *sqldb.Tx, communityID string, acct account.Account) (*Record, error) {
	confirmed, err := account.Confirmed(ctx, tx, acct.ID)
	if err != nil || !confirmed {
		return nil, err
	}
	found, err := Lookup(ctx, tx, communityID, KeySet{Emails: []string{account.EmailKey(acct.Email)}}, true)
	if err != nil || len(found) == 0 || found[0].Claimed() {
		return nil, err
	}
	return found[0], nil
}

// Accept gives an unclaimed member the account of the accepting person, with
// its username and its spelling of the address.
func (e *Edit) Accept(ctx context.Context, tx *sqldb.Tx, acct account.Account) error {
	e.Set(field.Find(e.Fields, field.Username), acct.Username, 0)
	e.Member.AccountID, e.Member.Email = acct.ID, acct.Email
	if err := setAccount(ctx, tx, e.CommunityID, e.Member); err != nil {
		return err
	}
	if err := session.Claim(ctx, tx, e.CommunityID, e.Member.ID, acct.ID); err != nil {
		return err
	}
	return audit.Record(ctx, tx, e.Actor, e.Now, e.CommunityID, "user.accept", audit.Target{Type: "user", ID: e.Member.ID, Name: acct.Username})
}

// YieldUsername renames an unclaimed member that has the username of a claimed
// one to the first free of <name>-2, <name>-3 and so on. The member except may
// have the name, "" for none.
func YieldUsername(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID, usernameKey, except string, now int64) error {
	found, err := Lookup(ctx, tx, communityID, KeySet{Usernames: []string{usernameKey}}, true)
	if err != nil || len(found) == 0 || found[0].Claimed() || found[0].ID == except || found[0].UsernameKey != usernameKey {
		return err
	}
	who := found[0]
	before := who.Username
	if who.Username, who.UsernameKey, err = freeName(ctx, tx, communityID, before); err != nil {
		return err
	}
	at := who.Stamp(now)
	if err := RenameAll(ctx, tx, communityID, []Rename{{who.ID, who.Username, who.UsernameKey}}); err != nil {
		return err
	}
	if err := Update(ctx, tx, communityID, []*Record{who}); err != nil {
		return err
	}
	change := Change{UserID: who.ID, Field: field.DefaultField(field.Username), Old: before, New: who.Username, ValidFrom: at, RecordedAt: at}
	return RecordChanges(ctx, tx, communityID, []Change{change}, Source{Type: "join"}, by.Ref())
}

// maxUsername is the longest username, in characters.
const maxUsername = 50

// freeName returns the first free of <name>-2, <name>-3 and so on, with its key.
func freeName(ctx context.Context, q sqldb.Querier, communityID, name string) (free, key string, err error) {
	const atOnce = 64
	for first := 2; ; first += atOnce {
		names, keys := make([]string, atOnce), make([]string, atOnce)
		for i := range names {
			suffix := fmt.Sprintf("-%d", first+i)
			base := []rune(name)
			names[i] = string(base[:min(len(base), maxUsername-len(suffix))]) + suffix
			keys[i] = account.UsernameKey(names[i])
		}
		found, err := Lookup(ctx, q, communityID, KeySet{Usernames: keys}, false)
		if err != nil {
			return "", "", err
		}
		taken := map[string]bool{}
		for _, r := range found {
			taken[r.UsernameKey] = true
		}
		for i := range names {
			if !taken[keys[i]] {
				return names[i], keys[i], nil
			}
		}
	}
}
