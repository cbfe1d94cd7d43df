package job

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Filter selects jobs; zero values match all.
type Filter struct {
	Type   string
	DryRun *bool
	Status string
	Actor  string // see actor.Actor.Ref
	From   int64  // Unix milliseconds of the creation, inclusive
	To     int64  // Unix milliseconds of the creation, exclusive
	Name   string // a part of the file name, in lower case
	Page   int    // from 1
	Limit  int    // at most 100

	CountTo int64 // the highest number that is counted; 0: no limit
}

// Check fails with Invalid unknown_type or unknown_status.
func (f Filter) Check() error {
	switch Type(f.Type) {
	case "", Import, Update, Undo, "premium_currency":
	default:
		return errs.New(errs.Invalid, "unknown_type", "A job's type is import, update, premium_currency or undo.")
	}
	switch f.Status {
	case "", Queued, Running, Completed, CompletedWithErrors, Failed, Cancelled, Undone:
	default:
		return errs.New(errs.Invalid, "unknown_status", "A job's status is queued, running, completed, completed_with_errors, failed, cancelled or undone.")
	}
	return nil
}

// condition returns the WHERE clause of a filter and its arguments.
func (f Filter) condition(communityID string) (string, []any) {
	where, args := []string{"community_id = $1", "status <> 'draft'"}, []any{communityID}
	add := func(wanted bool, comparison string, value any) {
		if wanted {
			args = append(args, value)
			where = append(where, fmt.Sprintf(comparison, len(args)))
		}
	}
	add(f.Type != "", "type = $%d", f.Type)
	add(f.Status != "", "status = $%d", f.Status)
	add(f.Actor != "", "actor = $%d", f.Actor)
	add(f.From > 0, "id >= $%d", idAt(f.From))
	add(f.To > 0, "id < $%d", idAt(f.To))
	add(f.Name != "", `lower(file_name) LIKE $%d ESCAPE '\'`, "%"+sqldb.LikePrefix(f.Name))
	if f.DryRun != nil {
		where = append(where, map[bool]string{true: "dry_run", false: "NOT dry_run"}[*f.DryRun]) // a partial index has these words
	}
	return strings.Join(where, " AND "), args
}

// idAt returns a text between the ids of earlier and later times.
func idAt(ms int64) string { return id.New(time.UnixMilli(ms))[:12] }

// List returns a page of jobs, the newest first, and the number of all that
// match.
func List(ctx context.Context, q sqldb.Querier, communityID string, f Filter) ([]Job, int64, error) {
	condition, args := f.condition(communityID)
	count := "SELECT count(*) FROM bulk_jobs WHERE " + condition
	if f.CountTo > 0 {
		count = fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM bulk_jobs WHERE %s LIMIT %d) AS counted", condition, f.CountTo)
	}
	total, err := sqldb.One(ctx, q, "job", sqldb.Value[int64], count, args...)
	if err != nil {
		return nil, 0, err
	}
	limit := min(max(f.Limit, 1), 100)
	list, err := sqldb.All(ctx, q, scanJob, fmt.Sprintf(`SELECT %s FROM bulk_jobs WHERE community_id = $1 AND id IN
		(SELECT id FROM bulk_jobs WHERE %s ORDER BY id DESC LIMIT %d OFFSET %d) ORDER BY id DESC`,
		jobColumns, condition, limit, (max(f.Page, 1)-1)*limit), args...)
	return list, total, err
}

// Starter is an actor with jobs.
type Starter struct {
	Ref  string // see actor.Actor.Ref
	Name string // at the latest job; "": erased
}

// maxStarters is the number of actors that ListStarters reads.
const maxStarters = 500

// ListStarters returns the actors with jobs in a community, the latest first,
// at most limit of the first 500 in the order of their Ref.
func ListStarters(ctx context.Context, q sqldb.Querier, communityID string, limit int) ([]Starter, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (found Starter, err error) {
		err = s.Scan(&found.Ref, &found.Name)
		return found, err
	}, fmt.Sprintf(`WITH RECURSIVE starters (actor, depth) AS (
		SELECT min(actor), 1 FROM bulk_jobs WHERE community_id = $1
		UNION ALL
		SELECT (SELECT min(actor) FROM bulk_jobs WHERE community_id = $1 AND actor > starters.actor), depth + 1 FROM starters
		WHERE starters.actor IS NOT NULL AND depth < %d
	)
	SELECT actor, actor_name FROM bulk_jobs WHERE community_id = $1 AND id IN (
		SELECT (SELECT max(id) FROM bulk_jobs WHERE community_id = $1 AND actor = starters.actor AND status <> 'draft') FROM starters WHERE starters.actor IS NOT NULL
	) ORDER BY id DESC LIMIT %d`, maxStarters, limit), communityID)
}

// ListDraftsOfJobs returns the unexpired drafts of an actor with one of jobIDs as
// their latest job, by the id of the job.
func ListDraftsOfJobs(ctx context.Context, q sqldb.Querier, communityID, actor string, jobIDs []string, now int64) (map[string]string, error) {
	type draft struct{ id, jobID string }
	found, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (d draft, err error) {
		err = s.Scan(&d.id, &d.jobID)
		return d, err
	}, "SELECT id, parent_job_id FROM bulk_jobs WHERE community_id = $1 AND actor = $2 AND status = 'draft' AND expires_at > $3 AND "+q.Dialect().In("parent_job_id", "$4"),
		communityID, actor, now, sqldb.Keys(jobIDs))
	drafts := map[string]string{}
	for _, d := range found {
		drafts[d.jobID] = d.id
	}
	return drafts, err
}

// CheckedSince returns the latest dry run with the file, options and revision of j
// that was started after a job and did not fail; nil: there is none.
func CheckedSince(ctx context.Context, q sqldb.Querier, j *Job, jobID string) (*Job, error) {
	list, err := sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE community_id = $1 AND file_id = $2 AND file_id <> '' AND id > $3
		AND dry_run AND status IN ('queued', 'running', 'completed') ORDER BY id DESC LIMIT 1`, j.CommunityID, j.FileID, jobID)
	if err != nil || len(list) == 0 || list[0].Revision != j.Revision || !SameRequest(&list[0], j) {
		return nil, err
	}
	return &list[0], nil
}
