package bulk_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
)

// membersOf are the usernames of the members of a job that a filter selects, after
// the complete list was asked for.
func (f *fixture) membersOf(s bulk.Status, filter directory.Filter) string {
	f.Helper()
	job, err := f.bulk.MembersOf(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	if !job.Complete || job.Listed != job.Rows || job.Rows != s.Counts.Created+s.Counts.Updated {
		f.Errorf("the list: %+v", job)
	}
	filter.JobID, filter.Limit = s.JobID, 50
	list, err := f.members.List(f.Context(), command, f.community, filter)
	f.ok(err)
	names := []string{}
	for _, m := range list.Members {
		names = append(names, m.Username)
	}
	if list.Total != int64(len(names)) {
		f.Errorf("%d members in total, %d are listed", list.Total, len(names))
	}
	return strings.Join(names, " ")
}

func TestMembersAreListedByTheJobThatCreatedOrChangedThem(t *testing.T) {
	each(t, func(f *fixture) {
		const head = "Email,Username,First Name,Last Name,Country,Tag\n"
		before := f.run(bulk.Import, head+"old@example.com,old,O,L,DE,\nsame@example.com,same,S,M,FR,\n", bulk.Options{})
		s := f.run(bulk.Import, head+"zoe@example.com,zoe,Z,O,DE,beta\nold@example.com,old,O,L,FR,\nsame@example.com,same,S,M,FR,\nbad,bad,B,A,DE,\n"+
			"ann@example.com,ann,A,N,FR,\nold@example.com,old,O,L,GB,\nbea@example.com,bea,B,E,FR,\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 3, 2, 1, 0, 1)
		f.run(bulk.Import, head+"late@example.com,late,L,A,FR,\n", bulk.Options{})
		beta := f.member("zoe").TagIDs[0]
		for _, test := range []struct {
			filter directory.Filter
			want   string
		}{
			{directory.Filter{Sort: "username"}, "ann bea old zoe"},
			{directory.Filter{Sort: "-email"}, "zoe old bea ann"},
			{directory.Filter{Search: "be"}, "bea"},
			{directory.Filter{TagID: beta}, "zoe"},
			{directory.Filter{Search: "late"}, ""},
		} {
			if got := f.membersOf(s, test.filter); got != test.want {
				t.Errorf("%+v: %s, want %s", test.filter, got, test.want)
			}
		}
		if got := f.membersOf(s, directory.Filter{Sort: "created"}); !strings.HasPrefix(got, "old ") {
			t.Errorf("in the order of creation: %s", got)
		}
		if got := f.membersOf(s, directory.Filter{}); !strings.HasSuffix(got, " old") {
			t.Errorf("newest first: %s", got)
		}
		if got := f.membersOf(before, directory.Filter{Sort: "-username"}); got != "same old" {
			t.Errorf("the first job has %s", got)
		}
		var file bytes.Buffer
		f.ok(f.bulk.Export(f.Context(), command, f.community, bulk.CSV, &file, directory.Filter{JobID: s.JobID}))
		if lines := strings.Split(strings.TrimSpace(file.String()), "\n"); len(lines) != 5 || !strings.Contains(file.String(), "bea@example.com") || strings.Contains(file.String(), "late") {
			t.Errorf("the export: %s", file.String())
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		undo = f.work(undo)
		if got := f.membersOf(undo, directory.Filter{}); got != "old" {
			t.Errorf("the undo changed %s", got)
		}
		if got := f.membersOf(s, directory.Filter{}); got != "old" {
			t.Errorf("after the undo: %s", got)
		}
	})
}

func TestTheMembersOfSomeJobsAreNotListed(t *testing.T) {
	each(t, func(f *fixture) {
		const text = "Email,Username,First Name,Last Name\nann@example.com,ann,A,B\n"
		other, err := f.communities.Create(f.Context(), community.Input{Name: "Other"}, actor.Actor{})
		f.ok(err)
		dry, queued := f.run(bulk.Import, text, bulk.Options{DryRun: true}), f.input(bulk.Import, text, bulk.Options{})
		waiting, err := f.startUpload(f.Context(), queued)
		f.ok(err)
		refused := func(communityID, jobID, code string) {
			t.Helper()
			if _, err := f.bulk.MembersOf(f.Context(), command, communityID, jobID); !errs.Is(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
		refused(f.community, waiting.JobID, "job_running")
		done := f.work(waiting)
		f.membersOf(done, directory.Filter{})
		refused(f.community, dry.JobID, "changes_nothing")
		refused(other.ID, done.JobID, "job_not_found")
		if _, err := f.bulk.MembersOf(f.Context(), f.claim("ann"), f.community, done.JobID); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("without a permission: %v", err)
		}
		f.late = 120 * 24 * 3600 * 1e9
		refused(f.community, done.JobID, "expired")
		f.ok(f.bulk.Sweep(f.Context()))
		var left int
		f.ok(f.db.QueryRow(f.Context(), "SELECT (SELECT count(*) FROM bulk_members) + (SELECT count(*) FROM bulk_member_lists)").Scan(&left))
		if left != 0 {
			t.Error("the list of an expired job remains")
		}
	})
}

func TestManyMembersOfAJobAreListedInTheQueue(t *testing.T) {
	each(t, func(f *fixture) {
		f.bulk = f.withBatchRows(2_000)
		var file strings.Builder
		file.WriteString("Email,Username,First Name,Last Name\n")
		const rows = 5_200 // more than two batches, and than a request lists
		for n := range rows {
			fmt.Fprintf(&file, "m%d@example.com,m%d,A,B\n", n, n)
		}
		s := f.run(bulk.Import, file.String(), bulk.Options{})
		f.want(s, bulk.Completed, rows, 0, 0, 0, 0)
		for range 2 {
			job, err := f.bulk.MembersOf(f.Context(), command, f.community, s.JobID)
			f.ok(err)
			if job.Complete || job.Listed != 0 || job.Rows != rows {
				t.Errorf("before the list: %+v", job)
			}
		}
		f.runQueued("bulk.list_members")
		job, err := f.bulk.MembersOf(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if !job.Complete || job.Listed != rows {
			t.Errorf("after the list: %+v", job)
		}
		for _, sort := range []string{"created", "username"} {
			list, err := f.members.List(f.Context(), command, f.community, directory.Filter{JobID: s.JobID, Sort: sort, Limit: 10, Page: 520})
			f.ok(err)
			if list.Total != rows || len(list.Members) != 10 {
				t.Errorf("by %s: %d of %d", sort, len(list.Members), list.Total)
			}
		}
		n := 0
		f.ok(f.members.Each(f.Context(), f.community, directory.Filter{JobID: s.JobID}, func(*member.Member, figure.Figures) error { n++; return nil }))
		if n != rows {
			t.Errorf("%d members are exported", n)
		}
	})
}
