package bulk_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// fixture is everything bulk work stands on, and a community to work in.
type fixture struct {
	*testing.T
	db          *sqldb.DB
	files       *blob.Dir
	folder      string // of the files
	base        string // address of the server
	fields      *field.Fields
	members     *member.Members
	auth        *access.Access
	accounts    *account.Accounts
	communities *community.Communities
	bulk        *bulk.Bulk
	deps        bulk.Deps
	mail        *mail.Mail
	engine      *jobs.Engine
	community   string
	late        time.Duration       // how far the clock is ahead
	schema      map[string][]string // columns by table, once asked for
}

// each runs a test on both engines with pieces of three rows, so that small
// files have many pieces.
func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(newFixture(t, db, 3)) })
}

func newFixture(t *testing.T, db *sqldb.DB, pieceRows int) *fixture {
	t.Helper()
	f := &fixture{T: t, db: db}
	now := clock.At(func() time.Time { return clock.Clock{}.Now().Add(f.late) })
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	f.folder = t.TempDir()
	files, err := blob.Open(f.folder)
	f.ok(err)
	f.files = files
	f.communities = community.New(db, now)
	f.fields = field.New(db, now)
	f.members = member.New(db, now)
	f.accounts = account.New(account.Deps{
		DB: db, Clock: now, Log: log, AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, now), RevokeKeys: access.RevokeUserKeys,
	})
	f.auth = access.New(access.Deps{DB: db, Accounts: f.accounts, Communities: f.communities, Memberships: member.Memberships{}, Clock: now, Log: log})
	f.mail, err = mail.New(mail.Deps{DB: db, Clock: now, Log: log, Keys: seal.Random()}) // queued, and sent by nobody
	f.ok(err)
	f.deps = bulk.Deps{DB: db, Files: files, Members: f.members, Mail: f.mail, BaseURL: func() string { return f.base }, Clock: now, Log: log}
	f.bulk = f.withPieces(pieceRows)
	c, err := f.communities.Create(t.Context(), community.Input{Name: "Test"})
	f.ok(err)
	f.community = c.ID
	f.field(field.Input{Field: "plan", Name: "Plan", Type: field.SingleLine})
	f.field(field.Input{Field: "score", Name: "Score", Type: field.Numerical})
	_, err = f.members.CreateTag(t.Context(), f.community, "beta")
	f.ok(err)
	return f
}

// withPieces makes jobs have pieces of so many rows from now on.
func (f *fixture) withPieces(rows int) *bulk.Bulk {
	deps := f.deps
	deps.Limits = bulk.Limits{PieceRows: rows}
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
	_, err := f.fields.Create(f.Context(), f.community, in)
	f.ok(err)
}

var command = actor.Actor{Kind: actor.Command, Name: "test"}

// store keeps a file as an upload would.
func (f *fixture) store(text string) (string, sheet.ScanResult) {
	f.Helper()
	w, err := f.files.Create()
	f.ok(err)
	var scan sheet.Scanner
	_, err = io.Copy(io.MultiWriter(w, &scan), strings.NewReader(text))
	f.ok(err)
	f.ok(w.Commit())
	return w.ID(), scan.Result()
}

func (f *fixture) input(typ bulk.Type, text string, o bulk.Options) bulk.Start {
	f.Helper()
	if o.Mode == "" {
		o.Mode = bulk.Upsert
	}
	id, verdict := f.store(text)
	return bulk.Start{CommunityID: f.community, Type: typ, FileID: id, FileName: "members.csv", Verdict: verdict, Options: o, Actor: command}
}

// run starts a job and works it to its end.
func (f *fixture) run(typ bulk.Type, text string, o bulk.Options) bulk.Status {
	f.Helper()
	s, err := f.bulk.Start(f.Context(), f.input(typ, text, o))
	f.ok(err)
	return f.work(s)
}

// work works a job to its end and checks that its counts add up.
func (f *fixture) work(s bulk.Status) bulk.Status {
	f.Helper()
	f.ok(f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID))
	s, err := f.bulk.Status(f.Context(), f.community, s.JobID)
	f.ok(err)
	if c := s.Counts; c.Read != c.Created+c.Updated+c.Unchanged+c.Skipped+c.Failed {
		f.Fatalf("the counts do not add up: %+v", c)
	}
	return s
}

// want checks how a job ended.
func (f *fixture) want(s bulk.Status, status string, created, updated, unchanged, skipped, failed int64) {
	f.Helper()
	c := s.Counts
	if s.Status != status || c.Created != created || c.Updated != updated || c.Unchanged != unchanged || c.Skipped != skipped || c.Failed != failed {
		details, _, _ := f.bulk.Details(f.Context(), f.community, s.JobID, bulk.DetailFilter{Limit: 50})
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
		page, next, err := f.bulk.Details(f.Context(), f.community, s.JobID, filter)
		f.ok(err)
		all = append(all, page...)
		if next == "" {
			return all
		}
		filter.Cursor = next
	}
}

// cutGzip packs text and leaves the end out.
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
	m, err := f.members.Find(f.Context(), f.community, ref)
	f.ok(err)
	return m
}

// claim makes an account for a member and accepts the membership, as the person
// would, and returns who they are then.
func (f *fixture) claim(username string) actor.Actor {
	f.Helper()
	account, err := f.accounts.CreateAccount(f.Context(), account.Input{Email: f.member(username).Email, Username: username})
	f.ok(err)
	person := actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: username}
	f.ok(f.members.Join(f.Context(), person, f.community, member.JoinHow{}))
	return person
}

func (f *fixture) count() int64 {
	f.Helper()
	n, err := f.members.Count(f.Context(), f.community)
	f.ok(err)
	return n
}

func (f *fixture) failedCSV(s bulk.Status) string {
	f.Helper()
	var text bytes.Buffer
	f.ok(f.bulk.WriteFailed(f.Context(), f.community, s.JobID, &text))
	return text.String()
}

// dump is the state of the people of the community, without ids and times.
func (f *fixture) dump() string {
	f.Helper()
	var lines []string
	list, err := f.members.List(f.Context(), f.community, member.Filter{Sort: "email", Limit: 200})
	f.ok(err)
	for _, m := range list.Members {
		rows, _, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{UserID: m.ID, Limit: 100})
		f.ok(err)
		line := []any{m.Email, m.Username, m.FirstName, m.LastName, m.Phone, m.Country, m.Language, len(m.RoleIDs), len(m.TagIDs), m.Fields}
		for _, h := range rows {
			line = append(line, h.FieldName, h.Old, h.New)
		}
		lines = append(lines, sprint(line...))
	}
	return strings.Join(lines, "\n")
}
