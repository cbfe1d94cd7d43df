package bulk_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const withheldHead = "First Name,Last Name,Username,Email,Phone\n"

// withheldJobs are jobs with rows about ann, in every outcome: created, failed,
// updated by another name, planned and undone.
func (f *fixture) withheldJobs() []bulk.Status {
	f.Helper()
	file := withheldHead + "Ann,A,ann,ann@example.com,\nBen,B,ben,ben@example.com,+442071234567\nAnn,A,ann2,ANN@Example.com,nonsense\nX,Y,x,x@example.com,nonsense\n"
	undone := f.run(bulk.Import, file, bulk.Options{})
	undo, err := f.bulk.Undo(f.Context(), command, f.community, undone.JobID, "")
	f.ok(err)
	jobs := []bulk.Status{undone, f.work(undo), f.run(bulk.Import, file, bulk.Options{})}
	jobs = append(jobs, f.run(bulk.Import, withheldHead+"Ann,A,ann,ann@example.com,+442071234568\nX,Y,x,ann@example.com,nonsense\n", bulk.Options{DryRun: true}))
	jobs = append(jobs, f.run(bulk.Update, "Username,Phone\nann,+442071234569\nann,nonsense\nben,nonsense\n", bulk.Options{}))
	ann := f.member("ann")
	jobs = append(jobs, f.run(bulk.Update, fmt.Sprintf("user_id,Phone\n%s,+442071234570\n%d,nonsense\n", ann.ID, ann.Number), bulk.Options{}))
	return jobs
}

// shown is everything that jobs show of their rows.
func (f *fixture) shown(jobs ...bulk.Status) string {
	f.Helper()
	var text strings.Builder
	for _, s := range jobs {
		for _, d := range f.details(s, bulk.DetailFilter{}) {
			fmt.Fprintf(&text, "%+v\n", d)
		}
		if s.Type != bulk.Undo {
			text.WriteString(f.failedCSV(s))
		}
		kinds, err := f.bulk.ErrorGroups(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		fmt.Fprintf(&text, "%+v\n", kinds)
	}
	return strings.ToLower(text.String())
}

func (f *fixture) forgotten(before string, jobs []bulk.Status) {
	f.Helper()
	text := f.shown(jobs...)
	for _, word := range []string{"ann", "+442071234568", "+442071234569", "+442071234570"} {
		if !strings.Contains(before, word) {
			f.Errorf("no job showed %s before", word)
		}
		if strings.Contains(text, word) {
			f.Errorf("jobs still show %s:\n%s", word, text)
		}
	}
	for _, word := range []string{"ben@example.com", "x@example.com", "ben,nonsense", "invalid_phone"} {
		if !strings.Contains(text, word) {
			f.Errorf("jobs no longer show %s:\n%s", word, text)
		}
	}
	for _, s := range jobs {
		if rows := f.details(s, bulk.DetailFilter{}); int64(len(rows)) != s.Counts.Read {
			f.Errorf("%d details of %d rows", len(rows), s.Counts.Read)
		}
	}
}

func (f *fixture) withheldRows() int64 {
	f.Helper()
	n, err := sqldb.One(f.Context(), f.db, "row", sqldb.Value[int64], "SELECT count(*) FROM bulk_erasures")
	f.ok(err)
	return n
}

func TestJobsDoNotShowAPersonWhoDeclined(t *testing.T) {
	each(t, func(f *fixture) {
		jobs := f.withheldJobs()
		before := f.shown(jobs...)
		account, err := f.accounts.CreateAccount(f.Context(), signin.Input{Email: "ann@example.com", Username: "elsewhere"})
		f.ok(err)
		f.ok(f.moderation.Decline(f.Context(), actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: "elsewhere"}, f.community))
		f.forgotten(before, jobs)

		// A file from after the decline is the operator's own knowledge.
		declined := time.Now().UnixMilli()
		for time.Now().UnixMilli() == declined { // the file has to be a millisecond younger
			runtime.Gosched()
		}
		later := f.run(bulk.Import, withheldHead+"Ann,A,ann,ann@example.com,\n", bulk.Options{})
		if text := f.shown(later); !strings.Contains(text, "ann@example.com") || !strings.Contains(text, "member_declined") {
			f.Errorf("a later file: %s", text)
		}
	})
}

func TestJobsDoNotShowAnErasedMember(t *testing.T) {
	each(t, func(f *fixture) {
		jobs := f.withheldJobs()
		before := f.shown(jobs...)
		f.ok(f.members.Delete(f.Context(), command, f.community, []string{f.member("ann").ID}))
		if text := f.shown(jobs...); text != before {
			f.Errorf("a member who can be restored is withheld: %s", text)
		}
		f.late = 25 * time.Hour
		f.ok(f.members.Sweep(f.Context()))
		f.forgotten(before, jobs)
		f.ok(f.bulk.Sweep(f.Context()))
		if f.withheldRows() == 0 {
			f.Error("the names were deleted before the files")
		}
		f.late = 120 * 24 * time.Hour
		f.ok(f.bulk.Sweep(f.Context()))
		f.late += 24 * time.Hour
		f.ok(f.bulk.Sweep(f.Context()))
		if n := f.withheldRows(); n != 0 {
			f.Errorf("%d names outlived the files", n)
		}
	})
}

// TestADeclinedInviteIsWithheldToo: the person was never a member.
func TestADeclinedInviteIsWithheldToo(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, withheldHead+"Ann,A,,ann@example.com,\nX,Y,,x@example.com,\n", bulk.Options{})
		_, err := f.db.Exec(f.Context(), "INSERT INTO member_declines (community_id, email_hash, declined_at) VALUES ($1, $2, $3)",
			f.community, member.AddressHash(f.community, "ann@example.com"), time.Now().UnixMilli())
		f.ok(err)
		if text := f.shown(s); strings.Contains(text, "ann") || !strings.Contains(text, "x@example.com") {
			f.Errorf("shown: %s", text)
		}
	})
}
