package bulk_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
)

// mails are the messages that have been written.
func (f *fixture) mails() []mail.OutboxMessage {
	f.Helper()
	list, _, err := f.mail.Unsent(f.Context(), "", 100)
	f.ok(err)
	return list
}

func TestWhoeverStartedAJobIsWrittenToWhenItHasEnded(t *testing.T) {
	each(t, func(f *fixture) {
		f.base = "https://club.example.com"
		account, err := f.accounts.CreateAccount(f.Context(), account.Input{Email: "ada@example.com", Username: "ada"})
		f.ok(err)
		_, err = f.db.Exec(f.Context(), "UPDATE accounts SET installation_owner = TRUE WHERE id = $1", account.ID)
		f.ok(err)
		const file = "First Name,Last Name,Username,Email\nBob,Bell,bob,bob@example.com\nCy,Cole,,broken\n"
		start := func(o bulk.Options) bulk.Status {
			in := f.input(bulk.Import, file, o)
			in.Actor = actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: "ada"}
			s, err := f.bulk.Start(f.Context(), in)
			f.ok(err)
			return f.work(s)
		}
		start(bulk.Options{})
		if list := f.mails(); len(list) != 0 {
			t.Fatalf("nobody asked for %+v", list)
		}
		s := start(bulk.Options{Notify: true, DryRun: true})
		list := f.mails()
		if len(list) != 1 || list[0].To != "ada@example.com" || list[0].Subject != "members.csv was checked" {
			t.Fatalf("%+v", list)
		}
		for _, said := range []string{"0 created, 0 updated, 1 unchanged, 0 skipped, 1 failed", "https://club.example.com/c/" + f.community + "/api-log/" + s.JobID} {
			if !strings.Contains(list[0].Text, said) {
				t.Errorf("the mail does not say %q: %s", said, list[0].Text)
			}
		}
		start(bulk.Options{Notify: true})
		if list := f.mails(); len(list) != 2 || !strings.Contains(list[0].Text, "1 row was not imported") {
			t.Errorf("%+v", list)
		}
	})
}

func TestOnlyPeopleCanBeWrittenTo(t *testing.T) {
	each(t, func(f *fixture) {
		for _, kind := range []actor.Kind{actor.CommunityKey, actor.UserKey, actor.Command, actor.Open} {
			in := f.input(bulk.Import, "First Name,Last Name,Username,Email\nBob,Bell,bob,bob@example.com\n", bulk.Options{Notify: true})
			in.Actor = actor.Actor{Kind: kind}
			if _, err := f.bulk.Start(f.Context(), in); !errs.Is(err, "notify_needs_person") || !bulk.Refused(err) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}
