package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// stateOf returns the state of a community after imports, without ids, numbers
// and times, and the outcomes of its last job: two runs of the same files return
// the same lines. The server must not be running.
func stateOf(t *testing.T, config config.Config, communityID string, jobIDs ...string) []string {
	t.Helper()
	a, err := app.New(t.Context(), config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	r := reader{t: t, db: a.DB, names: map[string]string{communityID: "community"}}
	r.drain(a)
	for i, jobID := range jobIDs {
		r.names[jobID] = fmt.Sprintf("job %d", i)
	}
	r.learnNames()
	lines := r.tables(communityID)
	last := jobIDs[len(jobIDs)-1]
	lines = append(lines, r.events(communityID, last)...)
	return append(lines, r.outcomes(a.Bulk, communityID, last)...)
}

type reader struct {
	t     *testing.T
	db    *sqldb.DB
	names map[string]string // by id
}

// drain executes queued jobs. A worker that lost its lease at the last moment
// leaves a completed job in the queue; executing it again must change nothing.
func (r *reader) drain(a *app.App) {
	r.t.Helper()
	for _, row := range r.rows(1, "SELECT id FROM jobs WHERE kind = 'bulk.run' AND finished_at = 0") {
		if err := a.Jobs.RunUntilDone(r.t.Context(), row[0]); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *reader) learnNames() {
	for _, query := range []string{
		"SELECT user_id, email_key FROM members", "SELECT id, name FROM tags", "SELECT id, title FROM roles", "SELECT id, field FROM field_definitions", "SELECT id, name FROM api_keys",
	} {
		for _, row := range r.rows(2, query) {
			r.names[row[0]] = row[1]
		}
	}
}

// rows reads text columns; JSON ones with their names in order.
func (r *reader) rows(columns int, query string, args ...any) [][]string {
	r.t.Helper()
	list, err := sqldb.All(r.t.Context(), r.db, func(s sqldb.Scanner) ([]string, error) {
		row, into := make([]string, columns), make([]any, columns)
		for i := range row {
			into[i] = &row[i]
		}
		return row, s.Scan(into...)
	}, query, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

var ids = regexp.MustCompile(`\b[0-9a-f]{24}\b`)

// lines are rows with names in the place of ids.
func (r *reader) lines(what string, columns int, query string, args ...any) []string {
	r.t.Helper()
	var list []string
	for _, row := range r.rows(columns, query, args...) {
		for i, cell := range row {
			row[i] = r.show(cell)
		}
		list = append(list, what+" "+strings.Join(row, " | "))
	}
	return list
}

// show writes a cell: what is JSON in one way, lists of names sorted.
func (r *reader) show(cell string) string {
	decoder := json.NewDecoder(strings.NewReader(cell))
	decoder.UseNumber()
	var value any
	if !strings.ContainsAny(cell, `{[`) || decoder.Decode(&value) != nil {
		return r.named(cell)
	}
	text, err := json.Marshal(r.sorted(value))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// sorted puts names in the place of ids in a JSON value, and sorts the lists
// of names: their order is that of the ids.
func (r *reader) sorted(value any) any {
	switch v := value.(type) {
	case string:
		return r.named(v)
	case map[string]any:
		for key := range v {
			v[key] = r.sorted(v[key])
		}
	case []any:
		for i := range v {
			v[i] = r.sorted(v[i])
		}
		slices.SortStableFunc(v, func(a, b any) int {
			one, _ := a.(string)
			other, _ := b.(string)
			return strings.Compare(one, other)
		})
	}
	return value
}

func (r *reader) named(text string) string {
	return ids.ReplaceAllStringFunc(text, func(found string) string {
		if name, ok := r.names[found]; ok {
			return name
		}
		return "somebody" // whom a dry run imagined, or an undo removed
	})
}

func (r *reader) tables(communityID string) []string {
	r.t.Helper()
	var all []string
	take := func(what string, columns int, query string, args ...any) {
		r.t.Helper()
		all = append(all, r.lines(what, columns, query, args...)...)
	}
	take("accounts", 2, "SELECT email, username FROM accounts ORDER BY email_key")
	take("members", 15, `SELECT user_id, account_id, email, username, username_key, state, first_name, last_name, name_key, phone, country, language, roles, tags, fields
		FROM members WHERE community_id = $1 ORDER BY email_key`, communityID)
	take("totals", 1, "SELECT sum(total) FROM member_counts WHERE community_id = $1", communityID)
	take("identifiers", 3, "SELECT field_id, key, user_id FROM member_identifiers WHERE community_id = $1 ORDER BY field_id, key", communityID)
	take("tags", 1, "SELECT name FROM tags WHERE community_id = $1 ORDER BY name", communityID)
	take("history", 7, `SELECT h.user_id, h.field_id, h.old_value, h.new_value, h.source_type, h.source_id, h.actor FROM field_history h, members m
		WHERE h.community_id = $1 AND m.community_id = $1 AND m.user_id = h.user_id ORDER BY m.email_key, h.valid_from, h.id`, communityID)
	take("jobs", 10, `SELECT type, status, read_rows, created_rows, updated_rows, unchanged_rows, skipped_rows, failed_rows, batches, error_code
		FROM bulk_jobs WHERE community_id = $1 ORDER BY created_at, id`, communityID)
	take("balances", 4, `SELECT m.email, b.unit, b.posted, b.held FROM ledger_balances b, ledger_holders h, members m
		WHERE b.community_id = $1 AND h.community_id = $1 AND m.community_id = $1 AND h.holder = b.holder AND m.user_id = h.user_id ORDER BY m.email_key, b.unit`, communityID)
	take("entries", 7, `SELECT m.email, e.unit, e.amount, e.balance_after, e.reason, e.source_type, CASE e.source_type WHEN 'reversal' THEN '' ELSE e.source_id END FROM ledger_entries e, ledger_holders h, members m
		WHERE e.community_id = $1 AND h.community_id = $1 AND m.community_id = $1 AND h.holder = e.holder AND m.user_id = h.user_id ORDER BY m.email_key, e.unit, e.id`, communityID)
	r.checkSums()
	take("queue", 1, "SELECT count(*) FROM jobs WHERE kind = 'bulk.run'")
	return all
}

// checkSums checks that each balance is the sum of its entries and of its lots.
func (r *reader) checkSums() {
	r.t.Helper()
	for _, row := range r.rows(5, `SELECT b.holder, b.unit, b.posted, (SELECT COALESCE(SUM(amount), 0) FROM ledger_entries e WHERE e.community_id = b.community_id AND e.holder = b.holder AND e.unit = b.unit),
			(SELECT COALESCE(SUM(remaining), 0) FROM ledger_lots l WHERE l.community_id = b.community_id AND l.holder = b.holder AND l.unit = b.unit) FROM ledger_balances b`) {
		if row[2] != row[3] || row[2] != row[4] {
			r.t.Errorf("%s of %s: posted %s, entries %s, lots %s", row[1], row[0], row[2], row[3], row[4])
		}
	}
}

// events checks that each piece told its rows once, and the job its end once.
func (r *reader) events(communityID, jobID string) []string {
	r.t.Helper()
	var list []string
	told := map[int]bool{}
	for _, row := range r.rows(2, "SELECT type, data FROM events WHERE community_id = $1 ORDER BY append_order", communityID) {
		var data struct {
			JobID                              string
			FirstLine, LastLine                int
			CreatedCount, UpdatedCount, Failed int
			Created                            json.RawMessage // ids of a piece, or the count of the job
			Status                             string
		}
		if err := json.Unmarshal([]byte(row[1]), &data); err != nil {
			r.t.Fatal(err)
		}
		if data.JobID != jobID {
			continue
		}
		if data.LastLine != 0 && told[data.FirstLine] {
			r.t.Errorf("line %d is told twice", data.FirstLine)
		}
		told[data.FirstLine] = true
		data.JobID = "the job"
		if ids := len(data.Created); row[0] == bulk.EventMembersImported && (ids > 0 || data.CreatedCount > 0) {
			if want := base64.StdEncoding.EncodedLen(12 * data.CreatedCount); ids != want+len(`""`) {
				r.t.Errorf("line %d: %d characters of ids of %d members", data.FirstLine, ids, data.CreatedCount)
			}
			data.Created = nil
		}
		list = append(list, fmt.Sprintf("event %s %+v", row[0], data))
	}
	return list
}

func (r *reader) outcomes(b *bulk.Bulk, communityID, jobID string) []string {
	r.t.Helper()
	var list []string
	filter := bulk.DetailFilter{Limit: 200}
	for {
		page, next, err := b.Details(r.t.Context(), apptest.Operator, communityID, jobID, filter)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, d := range page {
			text, err := json.Marshal(d)
			if err != nil {
				r.t.Fatal(err)
			}
			list = append(list, "outcome "+r.show(string(text)))
		}
		if next == "" {
			return list
		}
		filter.Cursor = next
	}
}

// compareStates names the first lines that differ.
func compareStates(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
	shown := 0
	for i := 0; i < min(len(got), len(want)) && shown < 10; i++ {
		if got[i] != want[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i, got[i], want[i])
			shown++
		}
	}
}
