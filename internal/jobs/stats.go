package jobs

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Stats are how many jobs there are by state.
type Stats struct {
	Waiting, Queued, Running, Dead, Cancelled int64
}

// Stats counts the jobs of all nodes.
func (e *Engine) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := e.db.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'queued'),
			count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'dead'),
			count(*) FILTER (WHERE state = 'cancelled')
		FROM jobs`).Scan(&s.Waiting, &s.Queued, &s.Running, &s.Dead, &s.Cancelled)
	return s, err
}

// Entry is a job as the console shows it. There is none for a job that is
// done.
type Entry struct {
	ID, Kind, CommunityID string
	State                 string // waiting, queued, running, dead or cancelled
	Attempt, MaxAttempts  int
	Errors                []Failure // the last ones, oldest first
	Args                  string    // JSON
	CreatedAt, RunAt      int64     // Unix milliseconds
	FinishedAt            int64     // 0 unless dead or cancelled

	cancelAsked bool
}

const entryColumns = "id, kind, community_id, state, attempt, max_attempts, errors, args, created_at, run_at, finished_at, cancel_asked"

func scanEntry(s sqldb.Scanner) (e Entry, err error) {
	var failures string
	err = s.Scan(&e.ID, &e.Kind, &e.CommunityID, &e.State, &e.Attempt, &e.MaxAttempts, &failures, &e.Args, &e.CreatedAt, &e.RunAt, &e.FinishedAt, &e.cancelAsked)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(failures), &e.Errors)
}

func find(ctx context.Context, q sqldb.Querier, jobID string) (Entry, error) {
	return sqldb.One(ctx, q, "job", scanEntry, "SELECT "+entryColumns+" FROM jobs WHERE id = $1", jobID)
}

// Dead returns the jobs that were given up, the latest first.
func (e *Engine) Dead(ctx context.Context, limit int) ([]Entry, error) {
	return sqldb.All(ctx, e.db, scanEntry,
		"SELECT "+entryColumns+" FROM jobs WHERE state = 'dead' AND finished_at <> 0 ORDER BY finished_at DESC, id DESC LIMIT $1", int64(limit))
}

// Revive queues a job again that was given up, with all its attempts. It fails
// with Conflict "job_not_dead", also when a job with its unique key has taken
// its place.
func (e *Engine) Revive(ctx context.Context, jobID string) error {
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		revived, err := tx.Exec(ctx, "UPDATE jobs SET state = 'queued', attempt = 0, finished_at = 0, cancel_asked = FALSE WHERE id = $1 AND state = 'dead'", jobID)
		if err != nil {
			return err
		}
		if revived == 0 {
			return notDead()
		}
		return tx.Signal(ctx, topic, "")
	})
	if sqldb.IsDuplicate(err) {
		return notDead().Because(err)
	}
	return err
}

func notDead() *errs.Error {
	return errs.New(errs.Conflict, "job_not_dead", "Only a job that was given up, and has no successor, can be queued again.")
}

// clean makes a text that both engines keep: valid UTF-8 without NUL.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}
