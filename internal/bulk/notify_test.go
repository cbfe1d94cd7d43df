package bulk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// deliver delivers the events so far to the consumers of bulk.
func (f *fixture) deliver() {
	f.Helper()
	engine := jobs.New(f.db, clock.Clock{}, f.deps.Log, jobs.EngineOptions{})
	events := event.New(event.Deps{DB: f.db, Jobs: engine, Types: bulk.EventTypes, Consumers: f.bulk.Feature().Consumers})
	f.ok(engine.Start(f.Context()))
	events.Start(f.Context())
	for handled := false; !handled; {
		changed, stop := events.Watch(f.community)
		pending, err := sqldb.One(f.Context(), f.db, "count", sqldb.Value[int], "SELECT count(*) FROM events WHERE sequence IS NULL")
		f.ok(err)
		position, err := sqldb.All(f.Context(), f.db, sqldb.Value[int64], "SELECT position FROM event_positions WHERE consumer = 'bulk.mail'")
		f.ok(err)
		page, err := events.Read(f.Context(), f.community, event.Query{Types: []string{bulk.EventJobFinished}, Limit: 100})
		f.ok(err)
		n := len(page.Events)
		if handled = pending == 0 && n > 0 && len(position) == 1 && position[0] >= page.Events[n-1].Sequence; !handled {
			select {
			case <-changed:
			case <-time.After(5 * time.Millisecond):
			}
		}
		stop()
	}
	events.Stop()
	f.ok(engine.Stop(f.Context()))
}

// mails are the messages that have been written.
func (f *fixture) mails() []mail.OutboxMessage {
	f.Helper()
	list, _, err := f.mail.Unsent(f.Context(), actor.Actor{Kind: actor.Command}, "", 100)
	f.ok(err)
	return list
}

func TestEndOfAJobIsMailedToThePersonWhoStartedIt(t *testing.T) {
	each(t, func(f *fixture) {
		f.base = "https://club.example.com"
		account, err := f.accounts.CreateAccount(f.Context(), signin.Input{Email: "ada@example.com", Username: "ada"})
		f.ok(err)
		_, err = f.db.Exec(f.Context(), "UPDATE accounts SET installation_owner = TRUE WHERE id = $1", account.ID)
		f.ok(err)
		const file = "First Name,Last Name,Username,Email\nBob,Bell,bob,bob@example.com\nCy,Cole,,broken\n"
		start := func(o bulk.Options) bulk.Status {
			in := f.input(bulk.Import, file, o)
			in.Actor = actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: "ada", InstallationOwner: true}
			s, err := f.startUpload(f.Context(), in)
			f.ok(err)
			return f.work(s)
		}
		start(bulk.Options{})
		f.deliver()
		if list := f.mails(); len(list) != 0 {
			t.Fatalf("nobody asked for %+v", list)
		}
		s := start(bulk.Options{Notify: true, DryRun: true})
		f.deliver()
		list := f.mails()
		if len(list) != 1 || list[0].To != "ada@example.com" || list[0].Subject != "members.csv was checked" {
			t.Fatalf("%+v", list)
		}
		for _, said := range []string{"0 created, 0 updated, 1 unchanged, 0 skipped, 1 failed", "https://club.example.com/c/" + f.community + "/bulk-jobs/" + s.JobID} {
			if !strings.Contains(list[0].Text, said) {
				t.Errorf("the mail does not say %q: %s", said, list[0].Text)
			}
		}
		start(bulk.Options{Notify: true})
		f.deliver()
		if list := f.mails(); len(list) != 2 || !strings.Contains(list[0].Text, "1 row was not imported") {
			t.Errorf("%+v", list)
		}
	})
}

func TestOnlyPeopleReceiveMail(t *testing.T) {
	each(t, func(f *fixture) {
		f.openImports(true)
		for _, kind := range []actor.Kind{actor.CommunityKey, actor.UserKey, actor.Command, actor.Open} {
			in := f.input(bulk.Import, "First Name,Last Name,Username,Email\nBob,Bell,bob,bob@example.com\n", bulk.Options{Notify: true})
			in.Actor = actor.Actor{Kind: kind, CommunityID: f.community, CreatedBy: "command", InstallationOwner: true, Permissions: []actor.Permission{actor.PermAll}}
			if _, err := f.startUpload(f.Context(), in); !errs.Is(err, "notify_needs_person") || !bulk.Refused(err) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}
