// Package membertest provides the tests of members and of the packages above them
// with a database, a community and the services.
package membertest

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// Fixture is a community in a new database with the services of its members.
type Fixture struct {
	*testing.T
	DB           *sqldb.DB
	Clock        clock.Clock
	Fields       *field.Fields
	Members      *roster.Roster
	FieldChanges *fieldchange.Changes
	Moderation   *moderation.Moderation
	Ownership    *ownership.Ownership
	Community    string // id
}

// Command is the actor of the Command line; it may do everything.
var Command = actor.Actor{Kind: actor.Command}

// ByAPI is the source of Change.
var ByAPI = member.Source{Type: "api", ID: "k1"}

// Each runs a test on each engine.
func Each(t *testing.T, test func(f *Fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c, err := community.New(community.Deps{DB: db, Clock: clock.Clock{}}).Create(t.Context(), community.Input{Name: "Test"}, actor.Actor{})
		if err != nil {
			t.Fatal(err)
		}
		f := &Fixture{T: t, DB: db, Community: c.ID}
		f.Construct(roster.Deps{})
		test(f)
	})
}

// Construct constructs the services anew with d.
func (f *Fixture) Construct(d roster.Deps) {
	d.DB, d.Clock, d.Access = f.DB, f.Clock, f.NewAccess()
	d.Erase, d.RoleDeleted = []roster.Eraser{moderation.EraseMembers, event.EraseMembers}, []assign.RoleDeleted{moderation.ForgetRole}
	f.Fields = field.New(f.DB, f.Clock, d.Access)
	f.Members = roster.New(d)
	f.FieldChanges = fieldchange.New(f.DB, f.Clock, d.Access, f.Members)
	f.Moderation = moderation.New(moderation.Deps{DB: f.DB, Clock: f.Clock, Members: f.Members, Access: d.Access, Accounts: f.NewAccounts()})
	f.Ownership = ownership.New(ownership.Deps{DB: f.DB, Clock: f.Clock, Members: f.Members, Access: d.Access, Accounts: f.NewAccounts()})
}

// OK fails the test for an error.
func (f *Fixture) OK(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// People adds members named after their usernames and returns their records.
func (f *Fixture) People(usernames ...string) []*member.Record {
	f.Helper()
	return f.insert(true, usernames...)
}

// Unclaimed is people without accounts.
func (f *Fixture) Unclaimed(usernames ...string) []*member.Record {
	f.Helper()
	return f.insert(false, usernames...)
}

func (f *Fixture) insert(claimed bool, usernames ...string) []*member.Record {
	f.Helper()
	var records []*member.Record
	for _, name := range usernames {
		email := name + "@example.com"
		r := &member.Record{ID: id.New(clock.Clock{}.Now()), Email: email, EmailKey: account.EmailKey(email), Username: name, UsernameKey: account.UsernameKey(name), State: member.Active, FirstName: name, LastName: "Éli", JoinedAt: 1, UpdatedAt: 1}
		records = append(records, r)
	}
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
		for _, r := range records {
			if !claimed {
				break
			}
			numbers, err := account.AllocateNumbers(f.Context(), tx, 1)
			if err != nil {
				return err
			}
			r.AccountID, r.Number = r.ID, numbers[0]
			_, err = tx.Exec(f.Context(), `INSERT INTO accounts (number, id, email, email_key, username, username_key, created_at, updated_at, email_verified_at)
				VALUES ($1, $2, $3, $4, $5, $6, 1, 1, 1)`, r.Number, r.ID, r.Email, r.EmailKey, r.Username, r.UsernameKey)
			if err != nil {
				return err
			}
		}
		return member.Insert(f.Context(), tx, f.Community, records)
	}))
	return records
}

// Define creates a custom field; its name and type have defaults.
func (f *Fixture) Define(in field.Input) field.Field {
	f.Helper()
	if in.Name == "" {
		in.Name = in.Field
	}
	if in.Type == "" {
		in.Type = field.SingleLine
	}
	made, err := f.Fields.Create(f.Context(), Command, f.Community, in)
	f.OK(err)
	return made
}

// Change gives one field a value and returns the code of the refusal.
func (f *Fixture) Change(who *member.Record, field string, value any) string {
	f.Helper()
	_, err := f.Members.Change(f.Context(), Command, f.Community, who.ID, []member.FieldValue{{Field: field, Value: value}}, ByAPI)
	return Code(err)
}

// Code is the code of an error and of its first field.
func Code(err error) string {
	e := errs.From(err)
	switch {
	case err == nil:
		return ""
	case e == nil:
		return err.Error()
	case e.Code == "invalid_input":
		return e.Code + " " + e.Fields[0].Code
	}
	return e.Code
}

// Histories returns all rows of a filter, initial values included, newest
// first.
func (f *Fixture) Histories(filter directory.HistoryFilter) (lines []string) {
	f.Helper()
	for {
		filter.Limit = 3
		rows, next, err := f.Members.Histories(f.Context(), Command, f.Community, filter)
		f.OK(err)
		for _, h := range rows {
			lines = append(lines, fmt.Sprintf("%s: %v > %v (%s)", h.Field, h.Old, h.New, h.Source.Type))
		}
		if filter.Cursor = next; next == "" {
			return lines
		}
	}
}

// AsError returns an error with a code of Change, nil for "".
func AsError(code string) error {
	if code == "" {
		return nil
	}
	return errs.New(errs.Internal, code, "refused")
}

// Input describes a new member.
func Input(name string) roster.CreateInput {
	return roster.CreateInput{FirstName: "Ada", LastName: "Lovelace", Username: name, Email: name + "@example.com"}
}

// Create creates a member.
func (f *Fixture) Create(in roster.CreateInput) member.Member {
	f.Helper()
	made, err := f.Members.Create(f.Context(), Command, f.Community, in)
	f.OK(err)
	return made
}

// EachWithClock is Each with a clock that the test advances.
func EachWithClock(t *testing.T, test func(f *Fixture, later func(time.Duration))) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var late time.Duration
		now := clock.At(func() time.Time { return clock.Clock{}.Now().Add(late) })
		f := &Fixture{T: t, DB: db, Clock: now}
		f.Community = f.Elsewhere()
		files, err := blob.Open(t.TempDir())
		f.OK(err)
		t.Cleanup(func() { _ = files.Close() })
		f.Construct(roster.Deps{Pictures: media.New(db, files, now)})
		test(f, func(d time.Duration) { late += d })
	})
}

// NewRoles creates roles by title, and @all.
func (f *Fixture) NewRoles(ins ...access.RoleInput) map[string]access.Role {
	f.Helper()
	f.OK(access.EnsureEveryoneRole(f.Context(), f.DB, f.Community))
	a := f.NewAccess()
	made := map[string]access.Role{}
	for _, in := range ins {
		role, err := a.CreateRole(f.Context(), Command, f.Community, in)
		f.OK(err)
		made[in.Title] = role
	}
	all, err := access.Roles(f.Context(), f.DB, f.Community)
	f.OK(err)
	made["@all"] = all[len(all)-1]
	return made
}

// NewAccess returns the Access of the database.
func (f *Fixture) NewAccess() *access.Access {
	c := clock.Clock{}
	return access.New(access.Deps{DB: f.DB, Accounts: f.NewAccounts(), Communities: community.New(community.Deps{DB: f.DB, Clock: c, OnCreate: []community.CreateHook{access.OnCommunityCreated}, OnChange: []community.ChangeHook{access.OnCommunityChanged}}), Memberships: member.Memberships{}, Clock: c, Log: slog.New(slog.DiscardHandler)})
}

// NewAccounts returns the Accounts of the database.
func (f *Fixture) NewAccounts() *signin.Accounts {
	c := clock.Clock{}
	return signin.New(signin.Deps{
		DB: f.DB, Clock: c, Log: slog.New(slog.DiscardHandler), AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, c), RevokeKeys: access.RevokeUserKeys,
	})
}

// Session returns the actor of a signed-in member.
func Session(who *member.Record) actor.Actor {
	return actor.Actor{Kind: actor.Session, AccountID: who.ID, Name: who.Username}
}

// RunJobs runs the engine until the queue is empty.
func (f *Fixture) RunJobs(register ...func(*jobs.Engine)) {
	f.Helper()
	engine := jobs.New(f.DB, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	f.Members.RegisterJobs(engine)
	for _, more := range register {
		more(engine)
	}
	f.OK(engine.Start(f.Context()))
	defer func() { f.OK(engine.Stop(f.Context())) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		left, err := sqldb.One(f.Context(), f.DB, "job", sqldb.Value[int], "SELECT count(*) FROM jobs")
		f.OK(err)
		if left == 0 {
			return
		}
		if f.Context().Err() != nil {
			f.Fatal("jobs are left")
		}
	}
}

// Total returns the number of active members.
func (f *Fixture) Total() int64 {
	f.Helper()
	n, err := f.Members.Count(f.Context(), Command, f.Community)
	f.OK(err)
	return n
}

// Elsewhere makes another community.
func (f *Fixture) Elsewhere() string {
	f.Helper()
	c, err := community.New(community.Deps{DB: f.DB, Clock: clock.Clock{}}).Create(f.Context(), community.Input{Name: "Elsewhere"}, actor.Actor{})
	f.OK(err)
	return c.ID
}

// CaptureLog makes the log of the members' work readable. Read it once the work has
// ended.
func (f *Fixture) CaptureLog() *bytes.Buffer {
	log := &bytes.Buffer{}
	f.Construct(roster.Deps{Log: slog.New(slog.NewTextHandler(log, nil))})
	return log
}

// CheckSkipped checks that the log has one line about skipped members for each work,
// with their number and some of their ids.
func (f *Fixture) CheckSkipped(log *bytes.Buffer, works []string, people ...*member.Record) {
	f.Helper()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != len(works) || f.Members.SkippedTotal() != int64(len(works)*len(people)) {
		f.Errorf("%d skipped, %d lines:\n%s", f.Members.SkippedTotal(), len(lines), log)
		return
	}
	for i, work := range works {
		for _, want := range []string{`work="` + work + `"`, fmt.Sprintf("count=%d", len(people)), people[0].ID, people[len(people)-1].ID} {
			if !strings.Contains(lines[i], want) {
				f.Errorf("no %s in %s", want, lines[i])
			}
		}
	}
}

// RefuseUpdates lets the database refuse changes of the rows of members.
func (f *Fixture) RefuseUpdates(people ...*member.Record) {
	f.Helper()
	ids := make([]string, len(people))
	for i, r := range people {
		ids[i] = "'" + r.ID + "'"
	}
	condition := "NEW.user_id IN (" + strings.Join(ids, ", ") + ")"
	statements := []string{"CREATE TRIGGER refuse BEFORE UPDATE ON members FOR EACH ROW WHEN " + condition + " BEGIN SELECT RAISE(ABORT, 'refused'); END"}
	if f.DB.Dialect() == sqldb.Postgres {
		statements = []string{
			"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN IF " + condition + " THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
			"CREATE TRIGGER refuse BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION refuse()",
		}
	}
	for _, statement := range statements {
		_, err := f.DB.Exec(f.Context(), statement)
		f.OK(err)
	}
}

// Value is what a member has in a custom field.
func (f *Fixture) Value(who *member.Record, field string) any {
	f.Helper()
	m, err := f.Members.Find(f.Context(), Command, f.Community, who.ID)
	f.OK(err)
	return m.Values.Get(field)
}

// NewAccount makes an account with a confirmed address.
func (f *Fixture) NewAccount(email, username string) account.Account {
	f.Helper()
	made, err := f.NewAccounts().CreateAccount(f.Context(), signin.Input{Email: email, Username: username})
	f.OK(err)
	return made
}

// IDs returns the ids of records.
func IDs(records []*member.Record) (ids []string) {
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

// Usernames is a helper of several test packages.
func (f *Fixture) Usernames(filter directory.Filter) (names []string) {
	f.Helper()
	list, err := f.Members.List(f.Context(), Command, f.Community, filter)
	f.OK(err)
	for _, m := range list.Members {
		names = append(names, m.Username)
	}
	return names
}

// SetState is a helper of several test packages.
func (f *Fixture) SetState(to string, records ...*member.Record) (changed []string) {
	f.Helper()
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) (err error) {
		changed, err = member.SetState(f.Context(), tx, actor.Actor{}, f.Community, IDs(records), to, 7)
		return err
	}))
	return changed
}

// NewField is a helper of several test packages.
func (f *Fixture) NewField(in field.Input) field.Field {
	f.Helper()
	made, err := f.Fields.Create(f.Context(), Command, f.Community, in)
	f.OK(err)
	return made
}

// FilterFields knows the fields, roles and tags of the fixture's community.
func (f *Fixture) FilterFields() directory.FilterFields {
	f.Helper()
	fields, err := f.Fields.List(f.Context(), Command, f.Community)
	f.OK(err)
	names, err := member.LoadNames(f.Context(), f.DB, f.Community)
	f.OK(err)
	return directory.NewFilterFields(fields, directory.FilterNames{Names: names})
}

// Matching are the usernames of the members a filter finds, in their order.
func (f *Fixture) Matching(filter map[string]any) string {
	f.Helper()
	conditions, err := f.FilterFields().Conditions(filter)
	f.OK(err)
	found, err := f.Members.Page(f.Context(), Command, f.Community, conditions, directory.PageRequest{})
	f.OK(err)
	var names []string
	for _, m := range found.Members {
		names = append(names, m.Username)
	}
	return strings.Join(names, " ")
}

// Sorted is a helper of several test packages.
func Sorted(list []string) []string {
	slices.Sort(list)
	return list
}
