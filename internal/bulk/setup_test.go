package bulk_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// fixture has the dependencies of Bulk and a community.
type fixture struct {
	*testing.T
	db          *sqldb.DB
	files       *blob.Dir
	folder      string // of the files
	base        string // address of the server
	fields      *field.Fields
	members     *roster.Roster
	ledger      *ledger.Ledger
	changes     *fieldchange.Changes
	moderation  *moderation.Moderation
	ownership   *ownership.Ownership
	auth        *access.Access
	accounts    *signin.Accounts
	communities *community.Communities
	bulk        *bulk.Bulk
	deps        bulk.Deps
	mail        *mail.Mail
	engine      *jobs.Engine
	community   string
	late        time.Duration       // how far the clock is ahead
	schema      map[string][]string // columns by table, once asked for
}

// each runs a test on both engines with batches of three rows.
func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(newFixture(t, db, 3)) })
}

func newFixture(t *testing.T, db *sqldb.DB, batchRows int) *fixture {
	t.Helper()
	f := &fixture{T: t, db: db}
	now := clock.At(func() time.Time { return clock.Clock{}.Now().Add(f.late) })
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	f.folder = t.TempDir()
	files, err := blob.Open(f.folder)
	f.ok(err)
	f.files = files
	f.communities = community.New(community.Deps{DB: db, Clock: now, OnCreate: []community.CreateHook{access.OnCommunityCreated}, OnChange: []community.ChangeHook{access.OnCommunityChanged}})
	f.accounts = signin.New(signin.Deps{
		DB: db, Clock: now, Log: log, AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, now), RevokeKeys: access.RevokeUserKeys,
	})
	f.auth = access.New(access.Deps{DB: db, Accounts: f.accounts, Communities: f.communities, Memberships: member.Memberships{}, Clock: now, Log: log})
	f.fields = field.New(db, now, f.auth)
	f.mail, err = mail.New(mail.Deps{DB: db, Clock: now, Log: log, Keys: seal.Random()}) // queued, and sent by nobody
	f.ok(err)
	f.members = roster.New(roster.Deps{DB: db, Clock: now, Access: f.auth, Mail: f.mail, Retention: 24 * time.Hour, Log: log, Erase: []roster.Eraser{f.eraseBulk, f.eraseLedger, moderation.EraseMembers}})
	f.changes = fieldchange.New(db, now, f.auth, f.members)
	f.moderation = moderation.New(moderation.Deps{DB: db, Clock: now, Members: f.members, Access: f.auth, Accounts: f.accounts, Mail: f.mail})
	f.ownership = ownership.New(ownership.Deps{DB: db, Clock: now, Members: f.members, Access: f.auth, Accounts: f.accounts, Mail: f.mail})
	f.ledger = ledger.New(ledger.Deps{Clock: now})
	f.deps = bulk.Deps{DB: db, Files: files, Scratch: files, Access: f.auth, Members: f.members, Ledger: f.ledger, Mail: f.mail, BaseURL: func() string { return f.base }, Clock: now, Log: log}
	f.bulk = f.withBatchRows(batchRows)
	c, err := f.communities.Create(t.Context(), community.Input{Name: "Test"}, actor.Actor{})
	f.ok(err)
	f.community = c.ID
	f.field(field.Input{Field: "plan", Name: "Plan", Type: field.SingleLine})
	f.field(field.Input{Field: "score", Name: "Score", Type: field.Numerical})
	_, err = f.members.CreateTag(t.Context(), command, f.community, "beta")
	f.ok(err)
	return f
}

// eraseBulk is bulk.EraseMembers of the Bulk under test.
func (f *fixture) eraseBulk(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	return f.bulk.EraseMembers(ctx, tx, communityID, userIDs)
}

func (f *fixture) eraseLedger(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	return f.ledger.EraseMembers(ctx, tx, communityID, userIDs)
}

// withBatchRows sets the rows of a batch.
func (f *fixture) withBatchRows(rows int) *bulk.Bulk {
	deps := f.deps
	deps.Limits = bulk.Limits{BatchRows: rows}
	f.engine = jobs.New(f.db, deps.Clock, deps.Log, jobs.EngineOptions{Workers: 2, Slice: 1})
	return bulk.New(deps, f.engine)
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) field(in field.Input) {
	f.Helper()
	_, err := f.fields.Create(f.Context(), command, f.community, in)
	f.ok(err)
}

var command = actor.Actor{Kind: actor.Command, Name: "test"}

// store stores a file like an upload.
func (f *fixture) store(text string) (string, sheet.ScanResult) {
	f.Helper()
	w, err := f.files.Create(f.Context())
	f.ok(err)
	var scan sheet.Scanner
	_, err = io.Copy(io.MultiWriter(w, &scan), strings.NewReader(text))
	f.ok(err)
	f.ok(w.Commit())
	return w.ID(), scan.Result()
}

func (f *fixture) input(typ bulk.Type, text string, o bulk.Options) upload {
	f.Helper()
	if o.Mode == "" {
		o.Mode = bulk.Upsert
	}
	id, verdict := f.store(text)
	return upload{bulk.Start{Type: typ, FileID: id, FileName: "members.csv", FileScan: verdict, Options: o}, command, f.community}
}

// upload is a stored file with its uploader.
type upload struct {
	bulk.Start
	Actor       actor.Actor
	CommunityID string
}

// startUpload starts the job of an upload.
func (f *fixture) startUpload(ctx context.Context, in upload) (bulk.Status, error) {
	return f.bulk.Start(ctx, in.Actor, in.CommunityID, in.Start)
}

// stage stages an upload.
func (f *fixture) stage(ctx context.Context, in upload) (bulk.Draft, error) {
	return f.bulk.Stage(ctx, in.Actor, in.CommunityID, in.Start)
}

// openImports allows imports without a credential, or ends that.
func (f *fixture) openImports(on bool) {
	f.Helper()
	_, err := f.communities.Update(f.Context(), f.community, community.Change{OpenBulkImport: &on}, actor.Actor{})
	f.ok(err)
}

// run starts a job and runs it to its end.
func (f *fixture) run(typ bulk.Type, text string, o bulk.Options) bulk.Status {
	f.Helper()
	s, err := f.startUpload(f.Context(), f.input(typ, text, o))
	f.ok(err)
	return f.work(s)
}

// work runs a job to its end and checks the sum of its counts.
func (f *fixture) work(s bulk.Status) bulk.Status {
	f.Helper()
	f.ok(f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID))
	s, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	if c := s.Counts; c.Read != c.Created+c.Updated+c.Unchanged+c.Skipped+c.Failed {
		f.Fatalf("the counts do not add up: %+v", c)
	}
	return s
}

// want checks the end of a job.
func (f *fixture) want(s bulk.Status, status string, created, updated, unchanged, skipped, failed int64) {
	f.Helper()
	c := s.Counts
	if s.Status != status || c.Created != created || c.Updated != updated || c.Unchanged != unchanged || c.Skipped != skipped || c.Failed != failed {
		details, _, _ := f.bulk.Details(f.Context(), command, f.community, s.JobID, bulk.DetailFilter{Limit: 50})
		f.Fatalf("%s %+v (%+v), want %s created %d updated %d unchanged %d skipped %d failed %d\n%+v", s.Status, c, s.Error, status, created, updated, unchanged, skipped, failed, details)
	}
}

func (f *fixture) details(s bulk.Status, filter bulk.DetailFilter) []bulk.Detail {
	f.Helper()
	var all []bulk.Detail
	if filter.Limit == 0 {
		filter.Limit = 2 // small pages, so that cursors are walked
	}
	for {
		page, next, err := f.bulk.Details(f.Context(), command, f.community, s.JobID, filter)
		f.ok(err)
		all = append(all, page...)
		if next == "" {
			return all
		}
		filter.Cursor = next
	}
}

// cutGzip compresses a text and cuts the end off.
func cutGzip(text string) string {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.NoCompression)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return string(packed.Bytes()[:packed.Len()-30])
}

func wholeGzip(text string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return packed.String()
}

// codes are the error codes of a job's failed rows by line.
func (f *fixture) codes(s bulk.Status) map[int]string {
	f.Helper()
	codes := map[int]string{}
	for _, d := range f.details(s, bulk.DetailFilter{Outcome: "failed"}) {
		for _, p := range d.Errors {
			if codes[d.Line] != "" {
				codes[d.Line] += " "
			}
			codes[d.Line] += p.Code
		}
	}
	return codes
}

func (f *fixture) member(ref string) member.Member {
	f.Helper()
	m, err := f.members.Find(f.Context(), command, f.community, ref)
	f.ok(err)
	return m
}

// claim creates an account for a member, accepts the membership and returns its
// actor.
func (f *fixture) claim(username string) actor.Actor {
	f.Helper()
	account, err := f.accounts.CreateAccount(f.Context(), signin.Input{Email: f.member(username).Email, Username: username})
	f.ok(err)
	person := actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: username}
	f.ok(f.moderation.Join(f.Context(), person, f.community, moderation.JoinInput{}))
	return person
}

func (f *fixture) count() int64 {
	f.Helper()
	n, err := f.members.Count(f.Context(), command, f.community)
	f.ok(err)
	return n
}

func (f *fixture) failedCSV(s bulk.Status) string {
	f.Helper()
	var text bytes.Buffer
	f.ok(f.bulk.WriteFailed(f.Context(), command, f.community, s.JobID, bulk.CSV, bulk.ErrorFilter{}, &text))
	return text.String()
}

// dump is the state of the community's members, without ids and times.
func (f *fixture) dump() string {
	f.Helper()
	var lines []string
	list, err := f.members.List(f.Context(), command, f.community, directory.Filter{Sort: "email", Limit: 200})
	f.ok(err)
	for _, m := range list.Members {
		rows, _, err := f.members.Histories(f.Context(), command, f.community, directory.HistoryFilter{UserID: m.ID, Limit: 100})
		f.ok(err)
		line := []any{m.Email, m.Username, m.FirstName, m.LastName, m.Phone, m.Country, m.Language, len(m.RoleIDs), len(m.TagIDs), m.Values.Map()}
		for _, h := range rows {
			line = append(line, h.FieldName, h.Old, h.New)
		}
		lines = append(lines, sprint(line...))
	}
	return strings.Join(lines, "\n")
}
