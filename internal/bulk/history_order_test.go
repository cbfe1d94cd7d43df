package bulk_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// node is another process on the same database, with a clock of its own.
func (f *fixture) node(address string, late time.Duration) *fixture {
	n := *f
	n.db = sqldbtest.Open(f.T, address)
	c := clock.At(func() time.Time { return clock.Clock{}.Now().Add(late) })
	n.members = roster.New(roster.Deps{DB: n.db, Clock: c, Access: n.auth})
	n.changes = fieldchange.New(n.db, c, n.auth, n.members)
	// Leases are compared between nodes; this test is about histories.
	n.engine = jobs.New(n.db, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	n.members.RegisterJobs(n.engine)
	n.bulk = bulk.New(bulk.Deps{DB: n.db, Files: f.files, Scratch: f.files, Access: f.auth, Members: n.members, Mail: f.mail, Clock: c, Log: slog.New(slog.DiscardHandler), Limits: bulk.Limits{BatchRows: 3}}, n.engine)
	return &n
}

// allow fails the test for errors with none of the codes.
func (f *fixture) allow(err error, codes ...string) {
	f.Helper()
	for _, code := range codes {
		if errs.Is(err, code) {
			return
		}
	}
	if err != nil {
		f.Error(err)
	}
}

func TestHistoriesOfConcurrentWritersAreInOrder(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		first := newFixture(t, sqldbtest.Open(t, address), 3)
		first.want(first.run(bulk.Import, newRows("ann", "bob", "cat", "dan"), bulk.Options{}), bulk.Completed, 4, 0, 0, 0, 0)
		first.ok(access.EnsureEveryoneRole(t.Context(), first.db, first.community))
		var roles []string
		for _, title := range []string{"vip", "gone"} {
			role, err := first.auth.CreateRole(t.Context(), command, first.community, access.RoleInput{Title: title})
			first.ok(err)
			roles = append(roles, role.ID)
		}
		_, err := first.members.CreateTag(t.Context(), command, first.community, "old")
		first.ok(err)
		nodes := []*fixture{first.node(address, 0), first.node(address, -time.Hour), first.node(address, time.Hour)}
		var all sync.WaitGroup
		for i, n := range nodes {
			all.Go(func() { n.writeFields(i) })
			all.Go(func() { n.writeSets(i, roles) })
			all.Go(func() { n.writeFile(i) })
		}
		all.Go(func() { nodes[1].deleteUnderWriters(roles[1]) })
		all.Wait()
		for i, n := range nodes {
			all.Go(func() { n.convert(i) })
			all.Go(func() { n.writeFields(i + len(nodes)) })
		}
		all.Wait()
		first.checkHistories()
	})
}

var everyone = []string{"ann@example.com", "bob@example.com", "cat@example.com", "dan@example.com"}

func newRows(names ...string) string {
	text := header
	for _, name := range names {
		text += fmt.Sprintf("%[1]s,%[1]s,%[1]s,%[1]s@example.com\n", name)
	}
	return text
}

// writeFields changes values and usernames as the API does, and reverts some.
func (f *fixture) writeFields(seed int) {
	for round := range 4 {
		for i, email := range everyone {
			who := f.member(email)
			values := []member.FieldValue{{Field: "plan", Value: fmt.Sprintf("p%d", (seed+round)%3)}, {Field: "score", Value: fmt.Sprint(seed + round)}}
			if round == 1 {
				values = append(values, member.FieldValue{Field: "username", Value: fmt.Sprintf("n%d-%d", seed, i)})
			}
			rows, err := f.members.Change(f.Context(), command, f.community, who.ID, values, member.Source{Type: "api"})
			f.allow(err)
			if len(rows) > 0 && round == 2 {
				_, err := f.members.Revert(f.Context(), command, f.community, rows[0].ID)
				f.allow(err, "value_unchanged")
			}
		}
	}
}

// writeSets adds and removes roles and tags, of one member and of many.
func (f *fixture) writeSets(seed int, roles []string) {
	tags, err := f.members.Tags(f.Context(), command, f.community)
	f.allow(err)
	var ids []string
	for _, email := range everyone {
		ids = append(ids, f.member(email).ID)
	}
	for round := range 4 {
		for _, tag := range tags {
			_, err := f.members.SetTag(f.Context(), command, f.community, tag.ID, ids, (round+seed)%2 == 0, member.Source{Type: "console"})
			f.allow(err, "tag_not_found")
		}
		for _, roleID := range roles {
			_, err := f.members.SetRole(f.Context(), command, f.community, roleID, ids, (round+seed)%2 == 0, member.Source{Type: "api"})
			f.allow(err, "role_not_found")
			_, err = f.members.AddRole(f.Context(), command, f.community, ids[round], roleID, member.Source{Type: "api"})
			f.allow(err, "role_not_found")
		}
	}
}

// writeFile updates members twice in one file, and undoes that.
func (f *fixture) writeFile(seed int) {
	text := "Email,Plan,Tag\n"
	for round := range 2 {
		for i, email := range everyone {
			text += fmt.Sprintf("%s,f%d,%s\n", email, seed, []string{"beta", "__CLEAR__"}[(round+i)%2])
		}
	}
	s, err := f.startUpload(f.Context(), f.input(bulk.Update, text, bulk.Options{}))
	f.ok(err)
	f.allow(f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID))
	undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
	f.ok(err)
	f.allow(f.bulk.RunHere(f.Context(), f.engine, f.community, undo.JobID))
}

// deleteUnderWriters deletes a tag and a role that others add meanwhile.
func (f *fixture) deleteUnderWriters(roleID string) {
	tags, err := f.members.Tags(f.Context(), command, f.community)
	f.ok(err)
	for _, tag := range tags {
		if tag.Name == "old" {
			f.ok(f.members.DeleteTag(f.Context(), command, f.community, tag.ID))
		}
	}
	f.ok(f.members.DeleteRole(f.Context(), command, f.community, roleID))
	queued, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT id FROM jobs WHERE kind IN ('member.remove_tag', 'member.take_role')")
	f.ok(err)
	if len(queued) != 2 {
		f.Errorf("%d jobs", len(queued))
	}
	for _, jobID := range queued {
		f.ok(f.engine.RunUntilDone(f.Context(), jobID))
	}
}

// convert gives a field another type and back.
func (f *fixture) convert(seed int) {
	for round := range 2 {
		to := []field.Type{field.SingleLine, field.Numerical}[(seed+round)%2]
		_, err := f.changes.UpdateField(f.Context(), command, f.community, "score", field.Update{Type: &to})
		f.allow(err)
	}
}

// checkHistories walks the history of each field of each member.
func (f *fixture) checkHistories() {
	f.Helper()
	for _, email := range everyone {
		who := f.member(email)
		rows, _, err := f.members.Histories(f.Context(), command, f.community, directory.HistoryFilter{UserID: who.ID, Limit: 10_000})
		f.ok(err)
		last, newest := map[string]member.HistoryRow{}, int64(0)
		names, err := f.members.Names(f.Context(), command, f.community)
		f.ok(err)
		for i := len(rows) - 1; i >= 0; i-- {
			h := rows[i]
			if h.Source.Type == directory.Created {
				continue
			}
			before, known := last[h.Field]
			if known && !field.Equal(before.New, h.Old) {
				f.Errorf("%s %s: %v became %v by %v, then %v became %v by %v", email, h.Field, before.Old, before.New, before.Source, h.Old, h.New, h.Source)
			}
			if h.RecordedAt < newest || known && h.RecordedAt <= before.RecordedAt {
				f.Errorf("%s %s: %v recorded at %d, after %d", email, h.Field, h.New, h.RecordedAt, newest)
			}
			last[h.Field], newest = h, h.RecordedAt
		}
		stored := map[string]any{
			"plan": who.Values.Get("plan"), "score": who.Values.Get("score"), "username": who.Username,
			"tag": shownIDs(names.Tags, who.TagIDs), "role": shownIDs(names.Roles, who.RoleIDs),
		}
		for fld, value := range stored {
			if h, ok := last[fld]; !ok || !field.Equal(h.New, value) {
				f.Errorf("%s %s is %v, and its newest history row %v", email, fld, value, h.New)
			}
		}
	}
}

func shownIDs(names map[string]string, ids []string) any {
	var shown []string
	for _, one := range ids {
		shown = append(shown, names[one])
	}
	if shown == nil {
		return nil
	}
	return shown
}

func TestUndoDoesNotRestoreADeletedTag(t *testing.T) {
	each(t, func(f *fixture) {
		old, err := f.members.CreateTag(f.Context(), command, f.community, "old")
		f.ok(err)
		f.want(f.run(bulk.Import, newRows("ann"), bulk.Options{}), bulk.Completed, 1, 0, 0, 0, 0)
		ann := f.member("ann@example.com")
		_, err = f.members.SetTag(f.Context(), command, f.community, old.ID, []string{ann.ID}, true, member.Source{Type: "api"})
		f.ok(err)
		s := f.run(bulk.Update, "Email,Tag\nann@example.com,beta\n", bulk.Options{})
		f.ok(f.members.DeleteTag(f.Context(), command, f.community, old.ID))
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		f.want(f.work(undo), bulk.Completed, 0, 1, 0, 0, 0)
		if got := f.member("ann@example.com").TagIDs; len(got) != 0 {
			f.Errorf("the tag %s is back: %v", old.ID, got)
		}
	})
}
