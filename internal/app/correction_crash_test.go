package app_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const (
	correctedRows = 10_000
	correctedOnce = 500 // cells of a form
)

// TestSavedCorrectionsSurviveKillsOfTheServer kills the program while the emails of
// 10,000 rows are corrected, and during the check and the run with them. Both read
// the corrections that were answered as saved before the check, and no others.
func TestSavedCorrectionsSurviveKillsOfTheServer(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			v := newVisitor(t, engine)
			v.chance = rand.New(rand.NewPCG(rand.Uint64(), 0))
			var rows strings.Builder
			rows.WriteString("Email,Username,First Name,Last Name\n")
			for i := range correctedRows {
				fmt.Fprintf(&rows, "wrong %[1]d,person%[1]d,Person,Number\n", i)
			}
			c := &corrector{visitor: v, draft: v.stage("wrong.csv", rows.String()), saved: map[int]string{}}
			check, checkID := c.post(c.draft+"/columns", url.Values{"version": {c.version()}, "mode": {"upsert"}})
			if first := c.await(checkID); first.Counts.Failed != correctedRows {
				t.Fatalf("the file has no errors: %+v", first.Counts)
			}
			c.check = check
			for first := range correctedRows / correctedOnce {
				c.correct(first*correctedOnce, first%3 == 0)
			}

			again, againID := c.post(c.draft+"/corrections", url.Values{"version": {c.version()}, "check": {"true"}})
			atCheck := maps.Clone(c.saved)
			c.killDuringJob(againID, correctedRows, 0)
			c.correctTo("later", 0, false) // the check has started
			if done := c.await(againID); done.Counts.Created != correctedRows {
				t.Fatalf("the check: %+v", done.Counts)
			}
			_, runID := c.post(again+"/apply", nil)
			c.killDuringJob(runID, correctedRows, 0, 0.4)
			if done := c.await(runID); done.Counts.Created != correctedRows {
				t.Fatalf("the run: %+v", done.Counts)
			}
			t.Logf("%d kills, %d forms without an answer", c.kills, c.unanswered)
			if c.kills < 8 {
				t.Error("the test is too tame")
			}
			c.Stop()
			c.withDatabase(func(db *sqldb.DB) error {
				c.want(db, "the draft", lastSegment(c.draft), c.saved)
				c.want(db, "the check", againID, atCheck)
				c.want(db, "the run", runID, atCheck)
				for line, email := range atCheck {
					username, err := sqldb.One(t.Context(), db, "member", sqldb.Value[string], "SELECT username FROM members WHERE community_id = $1 AND email = $2", c.community, email)
					if err != nil || username != "person"+strconv.Itoa(line-2) {
						return fmt.Errorf("line %d: %q has the email %q: %w", line, username, email, err)
					}
				}
				return nil
			})
		})
	}
}

// corrector corrects the emails of a staged file, and knows those that were saved.
type corrector struct {
	visitor
	draft, check string         // addresses
	saved        map[int]string // emails by line
	unanswered   int            // forms without an answer
}

func lastSegment(address string) string { return address[strings.LastIndex(address, "/")+1:] }

// version is the version of the draft that its page shows.
func (c *corrector) version() string {
	c.t.Helper()
	return c.versionOf(c.draft)
}

// correct saves the emails of a form of rows, counted from 0.
func (c *corrector) correct(first int, killed bool) {
	c.t.Helper()
	c.correctTo("right", first, killed)
}

// correctTo saves other emails of a form of rows. The server is killed right after it
// has the form; then the form is sent again.
func (c *corrector) correctTo(name string, first int, killed bool) {
	c.t.Helper()
	form, emails := url.Values{"version": {c.version()}, "job": {lastSegment(c.check)}}, map[int]string{}
	for i := first; i < first+correctedOnce; i++ {
		place := strconv.Itoa(i+2) + "-0"
		emails[i+2] = fmt.Sprintf("%s%d@example.com", name, i)
		form.Set("was-"+place, fmt.Sprintf("wrong %d", i))
		form.Set("cell-"+place, emails[i+2])
	}
	if killed {
		c.killAfter(form, emails)
	}
	place := c.must(http.MethodPost, c.draft+"/corrections", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if place != c.check+"#rows" {
		c.t.Fatalf("the corrections lead to %s", place)
	}
	maps.Copy(c.saved, emails)
}

// killAfter sends a form of corrections, kills the server and starts it again. The
// form is saved as a whole if it was answered, and as a whole or not at all otherwise.
func (c *corrector) killAfter(form url.Values, emails map[int]string) {
	c.t.Helper()
	sent, open := make(chan struct{}), make(chan struct{})
	close(open)
	answer := make(chan error, 1)
	go func() {
		_, err := c.sendIn(context.WithoutCancel(c.t.Context()), http.MethodPost, c.draft+"/corrections", "application/x-www-form-urlencoded", io.MultiReader(strings.NewReader(form.Encode()), &lastGate{gate{sent, open}}))
		answer <- err
	}()
	select {
	case <-sent:
	case early := <-answer:
		answer <- early
	}
	c.crash(60 * time.Millisecond)
	answered := <-answer == nil
	if !answered {
		c.unanswered++
	}
	c.withDatabase(func(db *sqldb.DB) error {
		want := maps.Clone(c.saved)
		list, err := correction.Load(c.t.Context(), db, c.community, lastSegment(c.draft))
		if answered || len(list) > len(c.saved) {
			maps.Copy(want, emails)
		}
		c.want(db, "the draft after a kill", lastSegment(c.draft), want)
		return err
	})
	c.Restart()
}

// want compares the stored corrections of a draft or job.
func (c *corrector) want(db *sqldb.DB, what, jobID string, emails map[int]string) {
	c.t.Helper()
	list, err := correction.Load(c.t.Context(), db, c.community, jobID)
	if err != nil || len(list) != len(emails) {
		c.t.Errorf("%s has %d corrections, want %d %v", what, len(list), len(emails), err)
	}
	for _, one := range list {
		if one.Cell != 0 || emails[one.Line] != one.Text {
			c.t.Fatalf("%s: line %d has %q, want %q", what, one.Line, one.Text, emails[one.Line])
		}
	}
}
