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
	Deaths                int64  // of its processes, since its saved position moved on
	Final                 bool   // what it was to do has ended with it: there is nothing to queue again
	Attempt, MaxAttempts  int
	Errors                []Failure // the last ones, oldest first
	Args                  string    // JSON
	CreatedAt, RunAt      int64     // Unix milliseconds
	FinishedAt            int64     // 0 unless dead or cancelled

	cancelAsked bool
}

// Cause is why a dead job was given up.
func (e Entry) Cause() Cause {
	if e.Deaths >= MaxDeaths {
		return Died
	}
	return Failed
}

// KindStats are how many jobs of a kind there are.
type KindStats struct {
	Kind          string
	Waiting, Dead int64 // Waiting: no worker has them, whatever the reason
	OldestAt      int64 // when the one that waits longest for a worker began to, Unix milliseconds; 0: none does
}

// KindStats counts the jobs of all nodes by kind, in the order of their names.
func (e *Engine) KindStats(ctx context.Context) ([]KindStats, error) {
	return countByKind(ctx, e.db)
}

// Dead returns the jobs that were given up, the latest first.
func (e *Engine) Dead(ctx context.Context, limit int) ([]Entry, error) {
	list, err := selectDead(ctx, e.db, limit)
	for i := range list {
		list[i].Final = e.workers[list[i].Kind].isFinal
	}
	return list, err
}

// Dismiss forgets a job that was given up. It fails with Conflict
// "job_not_dead".
func (e *Engine) Dismiss(ctx context.Context, jobID string) error {
	dismissed, err := dismiss(ctx, e.db, jobID)
	if err == nil && !dismissed {
		return notDead()
	}
	return err
}

// Revive queues a job again that was given up, with all its attempts. It fails
// with Conflict "job_not_dead", also when a job with its unique key has taken
// its place.
func (e *Engine) Revive(ctx context.Context, jobID string) error {
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		revived, err := revive(ctx, tx, jobID, e.clock.MS())
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
	return errs.New(errs.Conflict, "job_not_dead", "Only a job that was given up, and has no successor, can be queued again or dismissed.")
}

// clean makes a text that both engines keep: valid UTF-8 without NUL.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}
