package member_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// tables are the names of all tables.
func (f *fixture) tables() []string {
	f.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
	if f.db.Dialect() == sqldb.Postgres {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
	}
	names, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], query)
	f.ok(err)
	return names
}

// mentions are the rows of a table that hold one of the words.
func (f *fixture) mentions(table string, words ...string) (found []string) {
	f.Helper()
	rows, err := f.db.Query(f.Context(), "SELECT * FROM "+table)
	f.ok(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	f.ok(err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		f.ok(rows.Scan(values...))
		for i, column := range columns {
			text := fmt.Sprintf("%s", *values[i].(*any))
			for _, word := range words {
				if strings.Contains(strings.ToLower(text), word) {
					found = append(found, table+"."+column+": "+text)
				}
			}
		}
	}
	f.ok(rows.Err())
	return found
}

// penal connects what penalties need.
func (f *fixture) penal() *access.Access {
	a := f.auth()
	f.members.Connect(member.Connections{Access: a})
	return a
}

// claim makes an account for a member and accepts the membership, as the person
// would, and returns who they are then.
func (f *fixture) claim(m member.Member) actor.Actor {
	f.Helper()
	account, err := f.accounts().CreateAccount(f.Context(), account.Input{Email: m.Email, Username: m.Username})
	f.ok(err)
	person := actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: m.Username}
	f.ok(f.members.Join(f.Context(), person, f.community, member.JoinHow{}))
	return person
}

func TestNoTableNamesWhoWasErased(t *testing.T) {
	eachIn(t, func(f *fixture, later func(time.Duration)) {
		a := f.penal()
		in := newcomer("zebulon")
		in.FirstName = "Zenobia"
		gone := f.create(in)
		bob := f.create(newcomer("bob"))
		person := f.claim(gone)
		f.ok(f.members.AddOwner(f.Context(), f.community, person.AccountID))
		_, err := f.members.CreateInvite(f.Context(), person, f.community, member.InviteInput{})
		f.ok(err)
		warning, err := f.members.Penalise(f.Context(), person, f.community, member.PenaltyInput{User: bob.ID, Kind: member.Warn, Reason: "Rude"})
		f.ok(err)
		_, err = f.members.LiftPenalty(f.Context(), person, f.community, warning.ID)
		f.ok(err)
		_, err = f.db.Exec(f.Context(), "UPDATE members SET owner = FALSE WHERE user_id = $1", gone.ID)
		f.ok(err)
		_, err = f.members.Penalise(f.Context(), command, f.community, member.PenaltyInput{User: gone.ID, Kind: member.Warn, Reason: "Zenobia was rude"})
		f.ok(err)
		key := actor.Actor{Kind: actor.CommunityKey, KeyID: "k", CommunityID: f.community, Permissions: []actor.Permission{actor.PermSignIn}}
		_, err = a.CreateSignInLink(f.Context(), key, gone.ID, "shop")
		f.ok(err)
		f.ok(f.members.Delete(f.Context(), command, f.community, []string{gone.ID}))
		later(31 * 24 * time.Hour)
		f.ok(f.members.Sweep(f.Context()))
		var found []string
		for _, table := range f.tables() {
			if table != "accounts" { // theirs, and stays
				found = append(found, f.mentions(table, "zebulon", "zenobia")...)
			}
		}
		if len(found) > 0 {
			f.Errorf("still named:\n%s", strings.Join(found, "\n"))
		}
	})
}

func TestABanThatWasLiftedWhileTheMemberWasDeletedIsOver(t *testing.T) {
	each(t, func(f *fixture) {
		f.penal()
		who := f.people("bob")
		ban, err := f.members.Penalise(f.Context(), command, f.community, member.PenaltyInput{User: who[0].ID, Kind: member.Ban, Reason: "Spam"})
		f.ok(err)
		f.ok(f.members.Delete(f.Context(), command, f.community, idsOf(who)))
		_, err = f.members.LiftPenalty(f.Context(), command, f.community, ban.ID)
		f.ok(err)
		f.ok(f.members.Restore(f.Context(), command, f.community, idsOf(who)))
		if _, err := f.members.FindIn(f.Context(), f.community, "bob", member.Left); err != nil {
			f.Error(err)
		}
	})
}

func TestTagsOwnersAndGivenRolesAreInTheLog(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.penal()
		_, err := a.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: "Helper"})
		f.ok(err)
		ctx := actor.NewContext(f.Context(), command)
		tag, err := f.members.CreateTag(ctx, f.community, "vip")
		f.ok(err)
		f.ok(f.members.DeleteTag(ctx, f.community, tag.ID))
		if err := f.members.DeleteTag(ctx, f.community, tag.ID); !errs.Is(err, "tag_not_found") {
			f.Error(err)
		}
		in := newcomer("bob")
		in.Role = "Helper"
		bob := f.create(in)
		owner := f.claim(bob)
		for range 2 {
			f.ok(f.members.AddOwner(ctx, f.community, owner.AccountID))
		}
		log, _, err := audit.List(f.Context(), f.db, f.community, audit.Filter{Actor: command.Ref(), Limit: 10})
		f.ok(err)
		var got []string
		for _, e := range log {
			line := e.Action + " " + e.Target.Type + " " + e.Target.Name
			for _, c := range e.Changes {
				if e.Action != "role.create" {
					line += fmt.Sprintf(" %s:%v", c.Field, c.New)
				}
			}
			got = append(got, line)
		}
		want := []string{"user.add_owner user bob owner:true", "user.create user bob role:Helper", "tag.delete tag vip", "tag.create tag vip", "role.create role Helper"}
		if diff := cmp.Diff(want, got); diff != "" {
			f.Error(diff)
		}
	})
}
