package moderation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
)

// tables are the names of all tables.
func (f *fixture) tables() []string {
	f.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
	if f.DB.Dialect() == sqldb.Postgres {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
	}
	names, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], query)
	f.OK(err)
	return names
}

// mentions are the rows of a table that hold one of the words.
func (f *fixture) mentions(table string, words ...string) (found []string) {
	f.Helper()
	rows, err := f.DB.Query(f.Context(), "SELECT * FROM "+table)
	f.OK(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	f.OK(err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		f.OK(rows.Scan(values...))
		for i, column := range columns {
			text := fmt.Sprintf("%s", *values[i].(*any))
			for _, word := range words {
				if strings.Contains(strings.ToLower(text), word) {
					found = append(found, table+"."+column+": "+text)
				}
			}
		}
	}
	f.OK(rows.Err())
	return found
}

// claim makes an account for a member and accepts the membership, as the person
// would, and returns who they are then.
func (f *fixture) claim(m member.Member) actor.Actor {
	f.Helper()
	account, err := f.NewAccounts().CreateAccount(f.Context(), signin.Input{Email: m.Email, Username: m.Username})
	f.OK(err)
	person := actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: m.Username}
	f.OK(f.Moderation.Join(f.Context(), person, f.Community, moderation.JoinInput{}))
	return person
}

func TestNoTableNamesWhoWasErased(t *testing.T) {
	membertest.EachWithClock(t, func(base *membertest.Fixture, later func(time.Duration)) {
		f := &fixture{base}
		a := f.NewAccess()
		in := membertest.Input("zebulon")
		in.FirstName = "Zenobia"
		gone := f.Create(in)
		bob := f.Create(membertest.Input("bob"))
		person := f.claim(gone)
		f.OK(f.Ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.Community, person.AccountID))
		_, err := f.Moderation.CreateInvite(f.Context(), person, f.Community, moderation.InviteInput{})
		f.OK(err)
		warning, err := f.Moderation.Penalise(f.Context(), person, f.Community, moderation.PenaltyInput{User: bob.ID, Kind: moderation.Warn, Reason: "Rude"})
		f.OK(err)
		_, err = f.Moderation.LiftPenalty(f.Context(), person, f.Community, warning.ID)
		f.OK(err)
		_, err = f.DB.Exec(f.Context(), "UPDATE members SET owner = FALSE WHERE user_id = $1", gone.ID)
		f.OK(err)
		_, err = f.Moderation.Penalise(f.Context(), membertest.Command, f.Community, moderation.PenaltyInput{User: gone.ID, Kind: moderation.Warn, Reason: "Zenobia was rude"})
		f.OK(err)
		key := actor.Actor{Kind: actor.CommunityKey, KeyID: "k", CommunityID: f.Community, Permissions: []actor.Permission{actor.PermSignIn}}
		_, err = a.CreateSignInLink(f.Context(), key, gone.ID, "shop")
		f.OK(err)
		f.OK(f.Members.Delete(f.Context(), membertest.Command, f.Community, []string{gone.ID}))
		later(31 * 24 * time.Hour)
		f.OK(f.Members.Sweep(f.Context()))
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
		f.NewAccess()
		who := f.People("bob")
		ban, err := f.Moderation.Penalise(f.Context(), membertest.Command, f.Community, moderation.PenaltyInput{User: who[0].ID, Kind: moderation.Ban, Reason: "Spam"})
		f.OK(err)
		f.OK(f.Members.Delete(f.Context(), membertest.Command, f.Community, membertest.IDs(who)))
		_, err = f.Moderation.LiftPenalty(f.Context(), membertest.Command, f.Community, ban.ID)
		f.OK(err)
		f.OK(f.Members.Restore(f.Context(), membertest.Command, f.Community, membertest.IDs(who)))
		if _, err := f.Members.FindIn(f.Context(), membertest.Command, f.Community, "bob", member.Left); err != nil {
			f.Error(err)
		}
	})
}

func TestTagsOwnersAndGivenRolesAreInTheLog(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.NewAccess()
		_, err := a.CreateRole(f.Context(), membertest.Command, f.Community, access.RoleInput{Title: "Helper"})
		f.OK(err)
		ctx := f.Context()
		tag, err := f.Members.CreateTag(ctx, membertest.Command, f.Community, "vip")
		f.OK(err)
		f.OK(f.Members.DeleteTag(ctx, membertest.Command, f.Community, tag.ID))
		if err := f.Members.DeleteTag(ctx, membertest.Command, f.Community, tag.ID); !errs.Is(err, "tag_not_found") {
			f.Error(err)
		}
		in := membertest.Input("bob")
		in.Role = "Helper"
		bob := f.Create(in)
		owner := f.claim(bob)
		for range 2 {
			f.OK(f.Ownership.AddOwner(ctx, membertest.Command, f.Community, owner.AccountID))
		}
		log, _, err := audit.List(f.Context(), f.DB, f.Community, audit.Filter{Actor: membertest.Command.Ref(), Limit: 10})
		f.OK(err)
		var got []string
		for _, e := range log {
			line := string(e.Action) + " " + e.Target.Type + " " + e.Target.Name
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
