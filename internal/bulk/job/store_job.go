package job

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sqldb"
)

const jobColumns = `community_id, id, type, status, dry_run, parent_job_id, options, file_id, file_name, file_size, file_scan, detected, warnings, revision, position,
	processed_bytes, total_rows, read_rows, created_rows, updated_rows, unchanged_rows, skipped_rows, failed_rows, hidden_rows, first_hidden, unread_rows, batches, continues_job_id, kept_rows, error_code, error_message,
	actor, actor_name, queue_job_id, created_at, started_at, updated_at, finished_at, expires_at`

func scanJob(s sqldb.Scanner) (Job, error) {
	var j Job
	var options, fileScan, detected, warnings, position, message string
	err := s.Scan(&j.CommunityID, &j.ID, &j.Type, &j.Status, &j.DryRun, &j.ParentID, &options, &j.FileID, &j.FileName, &j.FileSize, &fileScan, &detected, &warnings, &j.Revision, &position,
		&j.ProcessedBytes, &j.TotalRows, &j.Counts.Read, &j.Counts.Created, &j.Counts.Updated, &j.Counts.Unchanged, &j.Counts.Skipped, &j.Counts.Failed, &j.Hidden.Rows, &j.Hidden.FirstLine, &j.Unread, &j.Batches, &j.Continues, &j.Kept, &j.ErrorCode, &message,
		&j.Actor, &j.ActorName, &j.QueueJobID, &j.CreatedAt, &j.StartedAt, &j.UpdatedAt, &j.FinishedAt, &j.ExpiresAt)
	if err != nil {
		return j, err
	}
	j.Error = errs.ParseSentence(message)
	var stored []storedWarning
	for _, part := range []struct {
		text string
		into any
	}{{options, &j.Options}, {fileScan, &j.FileScan}, {detected, &j.Detected}, {position, &j.Position}, {warnings, &stored}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return j, fmt.Errorf("bulk job %s: %w", j.ID, err)
		}
	}
	for _, w := range stored {
		j.Warnings = append(j.Warnings, sheet.Warning{Code: w.Code, Message: errs.ParseSentence(w.Message), Count: w.Count, FirstLine: w.FirstLine})
	}
	return j, nil
}

// storedWarning is a warning whose message can be translated.
type storedWarning struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Count     int64  `json:"count"`
	FirstLine int    `json:"firstLine"`
}

func encodeWarnings(list []sheet.Warning) string {
	stored := make([]storedWarning, len(list))
	for i, w := range list {
		stored[i] = storedWarning{w.Code, w.Message.Stored(), w.Count, w.FirstLine}
	}
	return encode(stored)
}

// Insert stores a new job.
func Insert(ctx context.Context, q sqldb.Querier, j Job) error {
	_, err := q.Exec(ctx, "INSERT INTO bulk_jobs ("+jobColumns+") VALUES ("+sqldb.Placeholders(1, 39)+")",
		j.CommunityID, j.ID, string(j.Type), j.Status, j.DryRun, j.ParentID, encode(j.Options), j.FileID, j.FileName, j.FileSize, encode(j.FileScan), encode(j.Detected), encodeWarnings(j.Warnings), j.Revision, encode(j.Position),
		j.ProcessedBytes, j.TotalRows, j.Counts.Read, j.Counts.Created, j.Counts.Updated, j.Counts.Unchanged, j.Counts.Skipped, j.Counts.Failed, j.Hidden.Rows, j.Hidden.FirstLine, j.Unread, j.Batches, j.Continues, j.Kept, j.ErrorCode, j.Error.Stored(),
		j.Actor, j.ActorName, j.QueueJobID, j.CreatedAt, j.StartedAt, j.UpdatedAt, j.FinishedAt, j.ExpiresAt)
	return err
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) //nolint:forbidigo // all parts of a job encode
	}
	return string(text)
}

// Load fails with NotFound job_not_found, also for a draft.
func Load(ctx context.Context, q sqldb.Querier, communityID, jobID string) (Job, error) {
	return sqldb.One(ctx, q, "job", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status <> 'draft'", communityID, jobID)
}

// Lock is Load for a transaction that changes the job.
func Lock(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) (Job, error) {
	return sqldb.One(ctx, tx, "job", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status <> 'draft' "+tx.Dialect().Lock(), communityID, jobID)
}

// LoadDraft fails with NotFound draft_not_found.
func LoadDraft(ctx context.Context, q sqldb.Querier, communityID, draftID string) (Job, error) {
	return sqldb.One(ctx, q, "draft", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status = 'draft'", communityID, draftID)
}

// LoadAny is Load, also for a draft.
func LoadAny(ctx context.Context, q sqldb.Querier, communityID, jobID string) (Job, error) {
	return sqldb.One(ctx, q, "job", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2", communityID, jobID)
}

// LockDraft is LoadDraft for a transaction that changes the draft.
func LockDraft(ctx context.Context, tx *sqldb.Tx, communityID, draftID string) (Job, error) {
	return sqldb.One(ctx, tx, "draft", scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND id = $2 AND status = 'draft' "+tx.Dialect().Lock(), communityID, draftID)
}

// ListDrafts returns the unexpired drafts of an actor with a file that was not
// imported yet, the newest first.
func ListDrafts(ctx context.Context, q sqldb.Querier, communityID, actor string, now int64, limit int) ([]Job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE community_id = $1 AND actor = $2 AND status = 'draft' AND expires_at > $3
		AND NOT EXISTS (SELECT 1 FROM bulk_jobs j WHERE j.community_id = bulk_jobs.community_id AND j.id = bulk_jobs.parent_job_id AND NOT j.dry_run)
		AND NOT EXISTS (SELECT 1 FROM bulk_jobs j WHERE j.community_id = bulk_jobs.community_id AND j.parent_job_id = bulk_jobs.parent_job_id
			AND j.parent_job_id <> '' AND j.status <> 'draft')
		ORDER BY id DESC LIMIT $4`, communityID, actor, now, limit)
}

// SetDraft replaces the type, the options and the scan of a draft. Its updated_at increases
// with every call, so that it identifies a version of the draft.
func SetDraft(ctx context.Context, tx *sqldb.Tx, j *Job, now int64) error {
	j.UpdatedAt = max(now, j.UpdatedAt+1)
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET type = $1, options = $2, file_scan = $3, updated_at = $4 WHERE community_id = $5 AND id = $6 AND status = 'draft'",
		string(j.Type), encode(j.Options), encode(j.FileScan), j.UpdatedAt, j.CommunityID, j.ID)
	return err
}

// FollowDraft saves the latest job of a draft.
func FollowDraft(ctx context.Context, q sqldb.Querier, communityID, draftID, jobID string) error {
	_, err := q.Exec(ctx, "UPDATE bulk_jobs SET parent_job_id = $1 WHERE community_id = $2 AND id = $3 AND status = 'draft'", jobID, communityID, draftID)
	return err
}

// SameRequest reports whether two jobs read files in the same way. Ids of new fields
// do not matter.
func SameRequest(a, b *Job) bool {
	return a.Type == b.Type && encode(a.Options.withoutIDs()) == encode(b.Options.withoutIDs())
}

// ListWithFailedRows returns ended jobs with failed rows and a file, the newest
// first.
func ListWithFailedRows(ctx context.Context, q sqldb.Querier, communityID string, limit int) ([]Job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE community_id = $1 AND failed_rows > 0 AND file_id <> '' AND finished_at > 0
		AND type IN ('import', 'update') ORDER BY id DESC LIMIT $2`, communityID, limit)
}

// ErrLostClaim is the error of a worker after its job was cancelled or claimed by
// another worker.
var ErrLostClaim = errs.New(errs.Conflict, "job_moved", "The job was cancelled or is run by another worker.")

// AddWarning adds a warning to a job that the transaction has locked.
func AddWarning(ctx context.Context, tx *sqldb.Tx, j *Job, w sheet.Warning) error {
	stored, err := Load(ctx, tx, j.CommunityID, j.ID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE bulk_jobs SET warnings = $1 WHERE community_id = $2 AND id = $3", encodeWarnings(append(stored.Warnings, w)), j.CommunityID, j.ID)
	return err
}

// LockForBatch locks a job for a batch. done reports that the batch was
// committed before, but its result was lost.
func LockForBatch(ctx context.Context, tx *sqldb.Tx, j *Job, number int64) (done bool, err error) {
	var status string
	var batches int64
	err = tx.QueryRow(ctx, "SELECT status, batches FROM bulk_jobs WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), j.CommunityID, j.ID).Scan(&status, &batches)
	switch {
	case err != nil:
		return false, err
	case status != Running || batches < number:
		return false, ErrLostClaim
	}
	return batches > number, nil
}

// LockForRows locks a job for its next rows. done reports that they were
// committed before, but the result was lost.
func LockForRows(ctx context.Context, tx *sqldb.Tx, j *Job) (done bool, err error) {
	var status string
	var read int64
	err = tx.QueryRow(ctx, "SELECT status, read_rows FROM bulk_jobs WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), j.CommunityID, j.ID).Scan(&status, &read)
	switch {
	case err != nil:
		return false, err
	case status != Running || read < j.Counts.Read:
		return false, ErrLostClaim
	}
	return read > j.Counts.Read, nil
}

// SetRunning marks a job as running, with its position and counts.
func SetRunning(ctx context.Context, tx *sqldb.Tx, j *Job, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE bulk_jobs SET status = 'running', started_at = $1, updated_at = $2, position = $3, batches = $4, processed_bytes = $5,
		read_rows = $6, created_rows = $7, updated_rows = $8, unchanged_rows = $9, skipped_rows = $10, failed_rows = $11,
		hidden_rows = $12, first_hidden = $13 WHERE community_id = $14 AND id = $15`,
		j.StartedAt, now, encode(j.Position), j.Batches, j.ProcessedBytes, j.Counts.Read, j.Counts.Created, j.Counts.Updated, j.Counts.Unchanged, j.Counts.Skipped, j.Counts.Failed,
		j.Hidden.Rows, j.Hidden.FirstLine, j.CommunityID, j.ID)
	return err
}

// Progress is the position after a batch.
type Progress struct {
	Batches        int64 // committed
	Next           record.Pos
	ProcessedBytes int64
	Hidden         Hidden // of the batch
}

// Advance saves the progress of a batch in its transaction.
func Advance(ctx context.Context, tx *sqldb.Tx, j *Job, p Progress, c outcome.Counts, now int64) error {
	_, err := tx.Exec(ctx, `UPDATE bulk_jobs SET position = $1, processed_bytes = $2, updated_at = $3, batches = batches + $4,
		read_rows = read_rows + $5, created_rows = created_rows + $6, updated_rows = updated_rows + $7,
		unchanged_rows = unchanged_rows + $8, skipped_rows = skipped_rows + $9, failed_rows = failed_rows + $10,
		hidden_rows = hidden_rows + $11, first_hidden = CASE WHEN first_hidden = 0 THEN $12 ELSE first_hidden END
		WHERE community_id = $13 AND id = $14`,
		encode(p.Next), p.ProcessedBytes, now, p.Batches, c.Read, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed, p.Hidden.Rows, p.Hidden.FirstLine, j.CommunityID, j.ID)
	return err
}

// SetEnded saves the end of a job and the time its rows expire.
func SetEnded(ctx context.Context, tx *sqldb.Tx, j *Job) error {
	_, err := tx.Exec(ctx, `UPDATE bulk_jobs SET status = $1, error_code = $2, error_message = $3, finished_at = $4, updated_at = $4, expires_at = $5, unread_rows = $6
		WHERE community_id = $7 AND id = $8`, j.Status, j.ErrorCode, j.Error.Stored(), j.FinishedAt, j.ExpiresAt, j.Unread, j.CommunityID, j.ID)
	return err
}

// SetUnread saves the number of rows behind the position of a stopped job.
func SetUnread(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, rows int64) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET unread_rows = $1 WHERE community_id = $2 AND id = $3", rows, communityID, jobID)
	return err
}

// SelectExpired returns jobs with expired files or row details, the oldest
// first.
func SelectExpired(ctx context.Context, q sqldb.Querier, now int64) ([]Job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs
		WHERE expires_at > 0 AND expires_at <= $1 AND (status = 'draft' OR file_id <> ''
			OR type = 'undo' AND EXISTS (SELECT 1 FROM bulk_batches p WHERE p.community_id = bulk_jobs.community_id AND p.job_id = bulk_jobs.id)) ORDER BY expires_at LIMIT 1000`, now)
}

// ListActive returns the queued and running jobs of a community.
func ListActive(ctx context.Context, q sqldb.Querier, communityID string) ([]Job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+" FROM bulk_jobs WHERE community_id = $1 AND status IN ('queued', 'running')", communityID)
}

// SelectLost returns active jobs without a job in the queue.
func SelectLost(ctx context.Context, q sqldb.Querier) ([]Job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE status IN ('queued', 'running')
		AND NOT EXISTS (SELECT 1 FROM jobs q WHERE q.id = bulk_jobs.queue_job_id AND q.finished_at = 0)`)
}

// Delete deletes a job.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_jobs WHERE community_id = $1 AND id = $2", communityID, jobID)
	return err
}

// ClearFile removes the reference to the file.
func ClearFile(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET file_id = '' WHERE community_id = $1 AND id = $2", communityID, jobID)
	return err
}

// FileUsed reports whether a job or draft has a file.
func FileUsed(ctx context.Context, q sqldb.Querier, fileID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "job", sqldb.Value[int], "SELECT count(*) FROM bulk_jobs WHERE file_id = $1", fileID)
	return n > 0, err
}

// SetUndone marks a job as undone.
func SetUndone(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET status = 'undone', updated_at = $1 WHERE community_id = $2 AND id = $3", now, communityID, jobID)
	return err
}

// HasFiles reports whether a community has jobs or drafts with a file.
func HasFiles(ctx context.Context, q sqldb.Querier, communityID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "job", sqldb.Value[int],
		"SELECT count(*) FROM (SELECT 1 FROM bulk_jobs WHERE community_id = $1 AND file_id <> '' LIMIT 1) AS found", communityID)
	return n > 0, err
}

// OldestWithFile returns the time of the oldest job with a file, now if there is
// none.
func OldestWithFile(ctx context.Context, q sqldb.Querier, now int64) (int64, error) {
	return sqldb.One(ctx, q, "job", sqldb.Value[int64], "SELECT COALESCE(MIN(created_at), $1) FROM bulk_jobs WHERE file_id <> ''", now)
}

// Totals are the sums of all finished jobs of one type and status, without dry
// runs.
type Totals struct {
	Type, Status string
	Jobs         int64
	Counts       outcome.Counts
}

// SelectTotals returns the sums since the installation began.
func SelectTotals(ctx context.Context, q sqldb.Querier) ([]Totals, error) {
	return sqldb.All(ctx, q, scanTotals, `SELECT type, status, count(*), CAST(sum(read_rows) AS BIGINT), CAST(sum(created_rows) AS BIGINT),
		CAST(sum(updated_rows) AS BIGINT), CAST(sum(unchanged_rows) AS BIGINT), CAST(sum(skipped_rows) AS BIGINT), CAST(sum(failed_rows) AS BIGINT)
		FROM bulk_jobs WHERE finished_at > 0 AND NOT dry_run AND status <> $1 GROUP BY type, status ORDER BY type, status`, Draft)
}

func scanTotals(s sqldb.Scanner) (t Totals, err error) {
	c := &t.Counts
	return t, s.Scan(&t.Type, &t.Status, &t.Jobs, &c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped, &c.Failed)
}

func scanStorage(s sqldb.Scanner) (found Storage, err error) {
	err = s.Scan(&found.CommunityID, &found.Files, &found.UsedBytes)
	return found, err
}

const storageColumns = "community_id, count(*), CAST(sum(size) AS BIGINT)"

// SelectStorage returns the storage of a community, without its quota.
func SelectStorage(ctx context.Context, q sqldb.Querier, communityID string) (Storage, error) {
	found, err := sqldb.All(ctx, q, scanStorage, "SELECT "+storageColumns+` FROM (SELECT community_id, file_id, max(file_size) AS size FROM bulk_jobs
		WHERE community_id = $1 AND file_id <> '' GROUP BY community_id, file_id) f GROUP BY community_id`, communityID)
	if err != nil || len(found) == 0 {
		return Storage{CommunityID: communityID}, err
	}
	return found[0], nil
}

// SelectStorages returns the storage of all communities with files, the largest
// first.
func SelectStorages(ctx context.Context, q sqldb.Querier) ([]Storage, error) {
	return sqldb.All(ctx, q, scanStorage, "SELECT "+storageColumns+` FROM (SELECT community_id, file_id, max(file_size) AS size FROM bulk_jobs
		WHERE file_id <> '' GROUP BY community_id, file_id) f GROUP BY community_id ORDER BY 3 DESC, 1`)
}

// EraseActorNames erases the names of actors from the jobs that they started.
func EraseActorNames(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET actor_name = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(refs))
	return err
}
