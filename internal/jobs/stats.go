package jobs

import (
	"context"
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
	return countByState(ctx, e.db)
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

// Dead returns the jobs that were given up, the latest first.
func (e *Engine) Dead(ctx context.Context, limit int) ([]Entry, error) {
	return selectDead(ctx, e.db, limit)
}

// Revive queues a job again that was given up, with all its attempts. It fails
// with Conflict "job_not_dead", also when a job with its unique key has taken
// its place.
func (e *Engine) Revive(ctx context.Context, jobID string) error {
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		revived, err := revive(ctx, tx, jobID)
		if err != nil {
			return err
		}
		if !revived {
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
