package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// job is a row of bulk_jobs.
type job struct {
	CommunityID string
	ID          string
	Type        Type
	Status      string
	DryRun      bool
	OriginID    string // apply: the dry run; undo: the job undone; draft: its latest job; else ""
	Options     Options
	FileID      string // "": expired, or an undo, which has none
	FileName    string
	FileSize    int64
	Verdict     sheet.ScanResult
	Detected    *sheet.Detected // nil until the file was opened
	Revision    string
	Position    sheet.Pos
	DoneBytes   int64
	TotalRows   int64
	Counts      Counts
	Pieces      int64
	ErrorCode   string
	ErrorText   string
	Actor       string
	ActorName   string
	QueueJobID  string
	CreatedAt   int64
	StartedAt   int64
	UpdatedAt   int64
	FinishedAt  int64
	ExpiresAt   int64

	owner string // of a new job, see jobs.Options
}

const jobColumns = `community_id, id, type, status, dry_run, origin_id, options, file_id, file_name, file_size, verdict, detected, revision, position,
	done_bytes, total_rows, read_rows, created_rows, updated_rows, unchanged_rows, skipped_rows, failed_rows, pieces, error_code, error_message,
	actor, actor_name, queue_job_id, created_at, started_at, updated_at, finished_at, expires_at`

func scanJob(s sqldb.Scanner) (job, error) {
	var j job
	var options, verdict, detected, position string
	err := s.Scan(&j.CommunityID, &j.ID, &j.Type, &j.Status, &j.DryRun, &j.OriginID, &options, &j.FileID, &j.FileName, &j.FileSize, &verdict, &detected, &j.Revision, &position,
		&j.DoneBytes, &j.TotalRows, &j.Counts.Read, &j.Counts.Created, &j.Counts.Updated, &j.Counts.Unchanged, &j.Counts.Skipped, &j.Counts.Failed, &j.Pieces, &j.ErrorCode, &j.ErrorText,
		&j.Actor, &j.ActorName, &j.QueueJobID, &j.CreatedAt, &j.StartedAt, &j.UpdatedAt, &j.FinishedAt, &j.ExpiresAt)
	if err != nil {
		return j, err
	}
	for _, part := range []struct {
		text string
		into any
	}{{options, &j.Options}, {verdict, &j.Verdict}, {detected, &j.Detected}, {position, &j.Position}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return j, fmt.Errorf("bulk job %s: %w", j.ID, err)
		}
	}
	return j, nil
}

func insertJob(ctx context.Context, q sqldb.Querier, j job) error {
	_, err := q.Exec(ctx, "INSERT INTO bulk_jobs ("+jobColumns+") VALUES ("+sqldb.Placeholders(1, 33)+")",
		j.CommunityID, j.ID, string(j.Type), j.Status, j.DryRun, j.OriginID, encode(j.Options), j.FileID, j.FileName, j.FileSize, encode(j.Verdict), encode(j.Detected), j.Revision, encode(j.Position),
		j.DoneBytes, j.TotalRows, j.Counts.Read, j.Counts.Created, j.Counts.Updated, j.Counts.Unchanged, j.Counts.Skipped, j.Counts.Failed, j.Pieces, j.ErrorCode, j.ErrorText,
		j.Actor, j.ActorName, j.QueueJobID, j.CreatedAt, j.StartedAt, j.UpdatedAt, j.FinishedAt, j.ExpiresAt)
	return err
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) //nolint:forbidigo // what a job is made of always encodes
	}
	return string(text)
}

// loadJob fails with NotFound job_not_found; a draft is not found either.
func loadJob(ctx context.Context, q sqldb.Querier, communityID, jobID string) (job, error) {
	return sqldb.One(ctx, q, "job", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status <> 'draft'", communityID, jobID)
}

// lockJob is loadJob for a transaction that will change the job.
func lockJob(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) (job, error) {
	return sqldb.One(ctx, tx, "job", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status <> 'draft' "+tx.Dialect().Lock(), communityID, jobID)
}

func loadDraft(ctx context.Context, q sqldb.Querier, communityID, draftID string) (job, error) {
	return sqldb.One(ctx, q, "draft", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status = 'draft'", communityID, draftID)
}

// ListFilter chooses jobs of the API log; empty parts mean any.
type ListFilter struct {
	Type   string
	Status string
	Page   int // from 1
	Limit  int // at most 100
}

func selectJobs(ctx context.Context, q sqldb.Querier, communityID string, f ListFilter) ([]job, int64, error) {
	where, args := []string{"community_id = $1", "status <> 'draft'"}, []any{communityID}
	for column, wanted := range map[string]string{"type": f.Type, "status": f.Status} {
		if wanted != "" {
			args = append(args, wanted)
			where = append(where, fmt.Sprintf("%s = $%d", column, len(args)))
		}
	}
	condition := strings.Join(where, " AND ")
	total, err := sqldb.One(ctx, q, "job", sqldb.Value[int64], "SELECT count(*) FROM bulk_jobs WHERE "+condition, args...)
	if err != nil {
		return nil, 0, err
	}
	limit := min(max(f.Limit, 1), 100)
	list, err := sqldb.All(ctx, q, scanJob, fmt.Sprintf("SELECT %s FROM bulk_jobs WHERE %s ORDER BY id DESC LIMIT %d OFFSET %d",
		jobColumns, condition, limit, (max(f.Page, 1)-1)*limit), args...)
	return list, total, err
}

// errMoved says that a job is no longer where its worker thinks it is: it was
// cancelled, or another worker took it over.
var errMoved = errs.New(errs.Conflict, "job_moved", "The job has moved on.")

// turn locks a job for one piece. done says that the piece was committed
// before, although the answer was lost.
func turn(ctx context.Context, tx *sqldb.Tx, j *job, number int64) (done bool, err error) {
	var status string
	var pieces int64
	err = tx.QueryRow(ctx, "SELECT status, pieces FROM bulk_jobs WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), j.CommunityID, j.ID).Scan(&status, &pieces)
	switch {
	case err != nil:
		return false, err
	case status != Running || pieces < number:
		return false, errMoved
	}
	return pieces > number, nil
}

// turnOfRows locks a job for its next rows. done says that they were committed
// before, although the answer was lost.
func turnOfRows(ctx context.Context, tx *sqldb.Tx, j *job) (done bool, err error) {
	var status string
	var read int64
	err = tx.QueryRow(ctx, "SELECT status, read_rows FROM bulk_jobs WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), j.CommunityID, j.ID).Scan(&status, &read)
	switch {
	case err != nil:
		return false, err
	case status != Running || read < j.Counts.Read:
		return false, errMoved
	}
	return read > j.Counts.Read, nil
}

// setRunning marks a job as running from its position on, with the counts it
// has there.
func setRunning(ctx context.Context, tx *sqldb.Tx, j *job, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE bulk_jobs SET status = 'running', started_at = $1, updated_at = $2, position = $3, pieces = $4, done_bytes = $5,
		read_rows = $6, created_rows = $7, updated_rows = $8, unchanged_rows = $9, skipped_rows = $10, failed_rows = $11 WHERE community_id = $12 AND id = $13`,
		j.StartedAt, now, encode(j.Position), j.Pieces, j.DoneBytes, j.Counts.Read, j.Counts.Created, j.Counts.Updated, j.Counts.Unchanged, j.Counts.Skipped, j.Counts.Failed,
		j.CommunityID, j.ID)
	return err
}

// advance saves what a piece did in the transaction that did it.
func advance(ctx context.Context, tx *sqldb.Tx, j *job, p *piece, c Counts, now int64) error {
	pieces, _ := p.size()
	_, err := tx.Exec(ctx, `UPDATE bulk_jobs SET position = $1, done_bytes = $2, updated_at = $3, pieces = pieces + $4,
		read_rows = read_rows + $5, created_rows = created_rows + $6, updated_rows = updated_rows + $7,
		unchanged_rows = unchanged_rows + $8, skipped_rows = skipped_rows + $9, failed_rows = failed_rows + $10
		WHERE community_id = $11 AND id = $12`,
		encode(p.next), p.doneBytes, now, pieces, c.Read, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed, j.CommunityID, j.ID)
	return err
}

// setEnded saves the end of a job, and until when its rows are kept.
func setEnded(ctx context.Context, tx *sqldb.Tx, j *job) error {
	_, err := tx.Exec(ctx, `UPDATE bulk_jobs SET status = $1, error_code = $2, error_message = $3, finished_at = $4, updated_at = $4, expires_at = $5
		WHERE community_id = $6 AND id = $7`, j.Status, j.ErrorCode, j.ErrorText, j.FinishedAt, j.ExpiresAt, j.CommunityID, j.ID)
	return err
}

// storedPiece is a row of bulk_pieces.
type storedPiece struct {
	Number              int64
	FirstLine, LastLine int64
	Counts              Counts
	Outcomes            []byte
}

const pieceColumns = "number, first_line, last_line, created_rows, updated_rows, unchanged_rows, skipped_rows, failed_rows, outcomes"

func scanPiece(s sqldb.Scanner) (storedPiece, error) {
	var p storedPiece
	err := s.Scan(&p.Number, &p.FirstLine, &p.LastLine, &p.Counts.Created, &p.Counts.Updated, &p.Counts.Unchanged, &p.Counts.Skipped, &p.Counts.Failed, &p.Outcomes)
	return p, err
}

// packPiece is what is kept of a piece.
func packPiece(number int64, list []record, c Counts) (storedPiece, error) {
	packed, err := pack(list)
	p := storedPiece{Number: number, Counts: c, Outcomes: packed}
	if len(list) > 0 {
		first, last := int64(list[0].Pos.Line), int64(list[len(list)-1].Pos.Line)
		p.FirstLine, p.LastLine = min(first, last), max(first, last)
	}
	return p, err
}

func insertPiece(ctx context.Context, tx *sqldb.Tx, j *job, p *storedPiece) error {
	c := &p.Counts
	_, err := tx.Exec(ctx, "INSERT INTO bulk_pieces (community_id, job_id, "+pieceColumns+") VALUES ("+sqldb.Placeholders(1, 11)+")",
		j.CommunityID, j.ID, p.Number, p.FirstLine, p.LastLine, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed, p.Outcomes)
	return err
}

// updatePiece writes a piece that has more rows now.
func updatePiece(ctx context.Context, tx *sqldb.Tx, j *job, p *storedPiece) error {
	c := &p.Counts
	_, err := tx.Exec(ctx, `UPDATE bulk_pieces SET first_line = $4, last_line = $5, created_rows = $6, updated_rows = $7, unchanged_rows = $8,
		skipped_rows = $9, failed_rows = $10, outcomes = $11 WHERE community_id = $1 AND job_id = $2 AND number = $3`,
		j.CommunityID, j.ID, p.Number, p.FirstLine, p.LastLine, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed, p.Outcomes)
	return err
}

// pieceFrom returns the first piece of a job, from number on, that holds a row
// of the outcome (0: any) and of the line (0: any); nil when there is none.
func pieceFrom(ctx context.Context, q sqldb.Querier, j *job, number int64, o Outcome, line int) (*storedPiece, error) {
	where, args := "community_id = $1 AND job_id = $2 AND number >= $3", []any{j.CommunityID, j.ID, number}
	if o != 0 {
		where += " AND " + outcomeNames[o] + "_rows > 0"
	}
	if line > 0 {
		where += " AND first_line <= $4 AND last_line >= $4"
		args = append(args, line)
	}
	found, err := sqldb.All(ctx, q, scanPiece, "SELECT "+pieceColumns+" FROM bulk_pieces WHERE "+where+" ORDER BY number LIMIT 1", args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}
