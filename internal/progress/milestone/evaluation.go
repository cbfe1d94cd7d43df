package milestone

import (
	"context"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/progress/gain"
	"github.com/regulars/regulars/internal/sqldb"
)

// States of evaluations.
const (
	Evaluating = "running"
	Evaluated  = "done"
	Failed     = "failed"
)

// Evaluation is the check of all members of a community for its milestones.
type Evaluation struct {
	State      string // "": there was none
	Again      bool   // another check follows
	Checked    int64  // members
	Completed  int64  // milestones of members
	After      string // the last checked member
	StartedAt  int64  // Unix milliseconds
	FinishedAt int64  // Unix milliseconds; 0: running
}

// EvaluateArgs are the arguments of the job that checks all members. Package completion
// runs it.
type EvaluateArgs struct {
	CommunityID string `json:"communityId"`
}

// Kind is the kind of the job.
func (EvaluateArgs) Kind() string { return "milestone.evaluate" }

// StartArgs are the arguments of the job that requests a check when a milestone starts.
type StartArgs struct {
	CommunityID string `json:"communityId"`
}

// Kind is the kind of the job.
func (StartArgs) Kind() string { return "milestone.start" }

// CheckArgs are the arguments of the job that checks members who earned something.
type CheckArgs struct{ gain.Members }

// Kind is the kind of the job.
func (CheckArgs) Kind() string { return "milestone.check" }

// lockEvaluation locks the state of the check: before members and milestones, as where the
// check runs.
func lockEvaluation(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	if err := insertEvaluation(ctx, tx, communityID); err != nil {
		return err
	}
	_, err := LockEvaluation(ctx, tx, communityID)
	return err
}

// RequestEvaluation queues a check of all members, in the caller's transaction. One that is
// running continues to the end; another follows it. The caller has locked no members and no
// milestones, unless this state before them.
func RequestEvaluation(ctx context.Context, tx *sqldb.Tx, communityID string, now int64) error {
	if err := insertEvaluation(ctx, tx, communityID); err != nil {
		return err
	}
	e, err := LockEvaluation(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if e.State == Evaluating {
		e.Again = true
	} else {
		e = Evaluation{State: Evaluating, StartedAt: now}
	}
	if err := SetEvaluation(ctx, tx, communityID, e); err != nil {
		return err
	}
	_, err = jobs.Insert(ctx, tx, EvaluateArgs{communityID}, jobs.Options{Unique: communityID, CommunityID: communityID, Lane: jobs.Large})
	return err
}

// request queues what a change of a milestone needs: a check of all members, now or when it
// starts.
func request(ctx context.Context, tx *sqldb.Tx, communityID string, m Milestone, now int64) error {
	switch {
	case !m.Enabled || m.Ended(now):
		return nil
	case m.StartsAt <= now:
		return RequestEvaluation(ctx, tx, communityID, now)
	}
	_, err := jobs.Insert(ctx, tx, StartArgs{communityID}, jobs.Options{Unique: fmt.Sprintf("%s %d", communityID, m.StartsAt), CommunityID: communityID, RunAt: time.UnixMilli(m.StartsAt)})
	return err
}

// Gains counts what members earned for milestones.
func Gains() gain.Counter {
	return gain.Counter{Counts: countsEarned, Check: func(m gain.Members) jobs.Args { return CheckArgs{m} }}
}
