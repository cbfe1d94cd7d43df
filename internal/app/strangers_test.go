package app_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// strangers are members added by a community without their consent.
type strangers struct {
	*testing.T
	app            *apptest.App
	community, key string
}

func eachStrangers(t *testing.T, f func(s *strangers)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := a.Community(t)
		f(&strangers{t, a, c, a.Key(t, c)})
	})
}

const strangersHeader = "First Name,Last Name,Username,Email\n"

// add imports a person and returns the job.
func (s *strangers) add(communityID, key, username, email string) (jobID string) {
	s.Helper()
	done := s.app.Import(s.T, communityID, key, strangersHeader+"First,Last,"+username+","+email+"\n", nil)
	if done.Counts.Created != 1 {
		s.Fatalf("%s: %+v", email, done.Counts)
	}
	return done.JobID
}

// person creates an account with a confirmed address.
func (s *strangers) person(username, email string) actor.Actor {
	s.Helper()
	created, err := s.app.Accounts.CreateAccount(s.Context(), signin.Input{Email: email, Username: username})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.app.DB.Exec(s.Context(), "UPDATE accounts SET email_verified_at = 1 WHERE id = $1", created.ID); err != nil {
		s.Fatal(err)
	}
	return actor.Actor{Kind: actor.Session, AccountID: created.ID, Name: created.Username}
}

func (s *strangers) accept(actor actor.Actor, communityID string) error {
	return s.app.Moderation.Join(s.Context(), actor, communityID, moderation.JoinInput{})
}

// mine returns the membership of a person, nil if none.
func (s *strangers) mine(communityID, email string) *member.Record {
	s.Helper()
	found, err := member.Lookup(s.Context(), s.app.DB, communityID, member.KeySet{Emails: []string{email}}, false)
	if err != nil {
		s.Fatal(err)
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// consistent checks that no row is left of members who are gone, and that the
// count of members is right.
func (s *strangers) consistent() {
	s.Helper()
	for what, query := range map[string]string{
		"histories of nobody":       "SELECT count(*) FROM field_history h WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.community_id = h.community_id AND m.user_id = h.user_id)",
		"identifiers of nobody":     "SELECT count(*) FROM member_identifiers h WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.community_id = h.community_id AND m.user_id = h.user_id)",
		"visits of nobody":          "SELECT count(*) FROM member_visits h WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.community_id = h.community_id AND m.user_id = h.user_id)",
		"members without account":   "SELECT count(*) FROM members m WHERE m.account_id <> '' AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = m.account_id)",
		"members with another name": "SELECT count(*) FROM members m JOIN accounts a ON a.id = m.account_id WHERE m.username <> a.username OR m.email_key <> a.email_key",
		"members miscounted": `SELECT abs((SELECT count(*) FROM members WHERE state = 'active' AND community_id = '` + s.community + `') -
			COALESCE((SELECT CAST(SUM(total) AS BIGINT) FROM member_counts WHERE community_id = '` + s.community + `'), 0))`,
	} {
		var n int64
		if err := s.app.DB.QueryRow(s.Context(), query).Scan(&n); err != nil || n != 0 {
			s.Errorf("%s: %d, %v", what, n, err)
		}
	}
}

// atOnce runs two things at the same time.
func atOnce(one, other func() error) (first, second error) {
	var both sync.WaitGroup
	start := make(chan struct{})
	both.Go(func() { <-start; first = one() })
	both.Go(func() { <-start; second = other() })
	close(start)
	both.Wait()
	return first, second
}

const races = 8

func TestAcceptanceDuringUndoKeepsMemberOrFindsNone(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		for i := range races {
			name := fmt.Sprintf("mia%d", i)
			email := name + "@example.com"
			jobID := s.add(s.community, s.key, "given-"+name, email)
			actor := s.person(name, email)
			var undo bulk.Status
			accepted, undone := atOnce(
				func() error { return s.accept(actor, s.community) },
				func() (err error) {
					undo, err = s.app.Bulk.Undo(s.Context(), apptest.Operator, s.community, jobID, id.New(time.Now()))
					return err
				})
			if undone == nil {
				s.app.Await(s.T, s.community, undo.JobID)
			}
			who := s.mine(s.community, email)
			switch {
			case undone != nil:
				s.Errorf("undo: %v", undone)
			case accepted == nil && (who == nil || who.AccountID != actor.AccountID || who.Username != name):
				s.Errorf("accepted first, and is %+v", who)
			case accepted != nil && (errs.KindOf(accepted) != errs.NotFound || who != nil):
				s.Errorf("accepted last: %v, and is %+v", accepted, who)
			}
		}
		s.consistent()
	})
}

func TestAcceptanceDuringRenameEndsWithAccountName(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		for i := range races {
			name := fmt.Sprintf("mia%d", i)
			email := name + "@example.com"
			s.add(s.community, s.key, "given-"+name, email)
			before := s.mine(s.community, email)
			actor := s.person(name, email)
			accepted, renamed := atOnce(
				func() error { return s.accept(actor, s.community) },
				func() error {
					_, err := s.app.Members.Change(s.Context(), apptest.Operator, s.community, before.ID, []member.FieldValue{{Field: field.Username, Value: "other-" + name}}, member.Source{Type: "api"})
					return err
				})
			who := s.mine(s.community, email)
			if accepted != nil || who == nil || who.ID != before.ID || who.AccountID != actor.AccountID || who.Username != name {
				s.Errorf("accepted: %v, renamed: %v, and is %+v", accepted, renamed, who)
			}
			if kind := errs.KindOf(renamed); renamed != nil && kind != errs.Conflict && kind != errs.Invalid && kind != errs.Forbidden {
				s.Errorf("renamed: %v", renamed)
			}
			var changes, want int64 = 0, 1
			if renamed == nil {
				want = 2
			}
			if err := s.app.DB.QueryRow(s.Context(), "SELECT count(*) FROM field_history WHERE user_id = $1 AND field_id = 'username'", before.ID).Scan(&changes); err != nil || changes != want {
				s.Errorf("%d changes of the name, want %d, %v", changes, want, err)
			}
		}
		s.consistent()
	})
}

func TestAcceptanceDuringBanEndsBanned(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		for i := range races {
			name := fmt.Sprintf("mia%d", i)
			email := name + "@example.com"
			s.add(s.community, s.key, "given-"+name, email)
			before := s.mine(s.community, email)
			actor := s.person(name, email)
			accepted, banned := atOnce(
				func() error { return s.accept(actor, s.community) },
				func() error {
					_, err := s.app.Moderation.Penalise(s.Context(), apptest.Operator, s.community, moderation.PenaltyInput{User: before.ID, Kind: "ban", Reason: "Spam"})
					return err
				})
			who := s.mine(s.community, email)
			switch {
			case banned != nil || who == nil || who.State != member.Banned:
				s.Errorf("banned: %v, and is %+v", banned, who)
			case accepted == nil && who.AccountID != actor.AccountID || accepted != nil && who.Claimed():
				s.Errorf("accepted: %v, and is %+v", accepted, who)
			case accepted != nil && !errs.Is(accepted, "member_banned"):
				s.Errorf("accepted: %v", accepted)
			}
		}
		s.consistent()
	})
}

func TestPersonHasSeparateNamesPerCommunity(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		other := s.app.Community(s.T)
		s.add(s.community, s.key, "mia-here", "mia@example.com")
		s.add(other, s.app.Key(s.T, other), "mia-there", "mia@example.com")
		s.add(other, s.app.Key(s.T, other), "mia", "somebody@example.com") // is in the way of the account's name
		here, there := s.mine(s.community, "mia@example.com"), s.mine(other, "mia@example.com")
		if here.ID == there.ID || here.Number == there.Number || here.Username != "mia-here" || there.Username != "mia-there" {
			s.Errorf("%+v and %+v", here, there)
		}
		actor := s.person("mia", "mia@example.com")
		if now := s.mine(other, "mia@example.com"); now.Username != "mia-there" || now.Claimed() {
			s.Errorf("an account alone made %+v", now)
		}
		for _, communityID := range []string{s.community, other} {
			if err := s.accept(actor, communityID); err != nil {
				s.Fatal(err)
			}
			if m := s.mine(communityID, "mia@example.com"); m.Username != "mia" || m.AccountID != actor.AccountID {
				s.Errorf("%+v", m)
			}
		}
		if m := s.mine(other, "somebody@example.com"); m.Username != "mia-2" || m.Claimed() {
			s.Errorf("who was in the way: %+v", m)
		}
		s.consistent()
	})
}

func TestDeclinedPersonIsNeverAddedAgain(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		in := roster.CreateInput{FirstName: "Mia", LastName: "Miller", Username: "mia", Email: "mia@example.com"}
		created, err := s.app.Members.Create(s.Context(), apptest.Operator, s.community, in)
		if err != nil {
			s.Fatal(err)
		}
		before := s.app.Import(s.T, s.community, s.key, strangersHeader+"Mia,Miller,mia,mia@example.com\n", nil)
		actor := s.person("mia-elsewhere", "mia@example.com")
		if err := s.app.Moderation.Decline(s.Context(), actor, s.community); err != nil {
			s.Fatal(err)
		}
		if _, err := s.app.DB.Exec(s.Context(), "DELETE FROM accounts WHERE id = $1", actor.AccountID); err != nil {
			s.Fatal(err)
		}
		for _, row := range sqldbtest.Dump(s.T, s.app.DB, "goose_db_version") {
			if low := strings.ToLower(row); strings.Contains(low, "mia@") || strings.Contains(low, "miller") {
				s.Errorf("a table keeps the person who declined: %s", row)
			}
		}
		if rows, _, err := s.app.Bulk.Details(s.Context(), apptest.Operator, s.community, before.JobID, bulk.DetailFilter{Limit: 10}); err != nil || len(rows) != 1 || rows[0].Identifier != "" || rows[0].Line != 2 {
			s.Errorf("a job shows the person who declined: %+v, %v", rows, err)
		}
		var withheld int
		if err := s.app.DB.QueryRow(s.Context(), "SELECT count(*) FROM bulk_erasures").Scan(&withheld); err != nil || withheld == 0 {
			s.Errorf("jobs hide %d names, %v: rows without the address would be shown", withheld, err)
		}
		for range 3 {
			for _, email := range []string{"mia@example.com", "MIA@Example.COM"} {
				done := s.app.Import(s.T, s.community, s.key, strangersHeader+"Mia,Miller,mia,"+email+"\nX,Y,xavier,x@example.com\n", nil)
				if done.Counts.Failed != 1 || done.Counts.Created+done.Counts.Unchanged != 1 {
					s.Errorf("%+v", done.Counts)
				}
				if _, err := s.app.Members.Create(s.Context(), apptest.Operator, s.community, in); !errs.Is(err, "member_declined") {
					s.Errorf("created again: %v", err)
				}
			}
		}
		if s.mine(s.community, "mia@example.com") != nil {
			s.Error("the person is a member again")
		}
		if _, err := s.app.Members.Find(s.Context(), apptest.Operator, s.community, created.ID); errs.KindOf(err) != errs.NotFound {
			s.Errorf("found: %v", err)
		}
		s.consistent()
	})
}

// A deleted account leaves memberships alone that were never its own.
func TestUnclaimedMembershipsSurviveAccountDeletion(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		s.add(s.community, s.key, "mia", "mia@example.com")
		first := s.person("mia", "mia@example.com")
		if _, err := s.app.DB.Exec(s.Context(), "DELETE FROM accounts WHERE id = $1", first.AccountID); err != nil {
			s.Fatal(err)
		}
		before := s.mine(s.community, "mia@example.com")
		if before == nil || before.Claimed() {
			s.Fatalf("%+v", before)
		}
		if err := s.accept(first, s.community); errs.KindOf(err) != errs.NotFound {
			s.Errorf("an account that is gone accepted: %v", err)
		}
		again := s.person("mia-again", "mia@example.com")
		if err := s.accept(again, s.community); err != nil {
			s.Fatal(err)
		}
		if m := s.mine(s.community, "mia@example.com"); m.ID != before.ID || m.AccountID != again.AccountID || m.Username != "mia-again" {
			s.Errorf("%+v", m)
		}
		s.consistent()
	})
}

// A name of a claimed account elsewhere is as free as any other.
func TestUsernameOfForeignAccountIsFreeInCommunity(t *testing.T) {
	eachStrangers(t, func(s *strangers) {
		other := s.app.Community(s.T, community.Settings{})
		s.app.Owner(s.T, other, "boss")
		s.add(s.community, s.key, "boss", "clerk@example.com")
		m := s.mine(s.community, "clerk@example.com")
		if m.Username != "boss" || m.Claimed() {
			s.Errorf("%+v", m)
		}
		// Whoever signs in by that name is the account elsewhere, not the member.
		_, account, err := s.app.Accounts.SignIn(s.Context(), "boss", "correct-horse-battery", account.SessionInfo{})
		if err != nil || account.ID == m.ID {
			s.Errorf("%+v, %v", account, err)
		}
		// A new account of the member's person has to choose another name.
		actor := s.person("clerk", "clerk@example.com")
		if err := s.accept(actor, s.community); err != nil {
			s.Fatal(err)
		}
		if m := s.mine(s.community, "clerk@example.com"); m.Username != "clerk" {
			s.Errorf("%+v", m)
		}
		s.consistent()
	})
}
