package fieldchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const jobColumns = "community_id, field_id, kind, stage, target, position, done, total, actor"

func scanJob(s sqldb.Scanner) (*fieldJob, error) {
	w := &fieldJob{}
	var to string
	if err := s.Scan(&w.communityID, &w.fieldID, &w.kind, &w.stage, &to, &w.position, &w.done, &w.total, &w.actor); err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(to))
	d.UseNumber()
	if err := d.Decode(&w.target); err != nil {
		return nil, err
	}
	w.target.Field.DefaultValue = field.Native(w.target.Field.DefaultValue)
	if w.target.From != nil {
		w.target.From.DefaultValue = field.Native(w.target.From.DefaultValue)
	}
	return w, nil
}

// loadJob returns the job of a field that has not failed, locked; nil if there
// is none.
func loadJob(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (*fieldJob, error) {
	found, err := sqldb.All(ctx, tx, scanJob, "SELECT "+jobColumns+" FROM field_jobs WHERE community_id = $1 AND field_id = $2 AND error = '' "+tx.Dialect().Lock(), communityID, fieldID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// loadPartial returns the conversion that failed after it had changed values,
// locked; nil if there is none.
func loadPartial(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (*fieldJob, error) {
	found, err := sqldb.All(ctx, tx, scanJob, "SELECT "+jobColumns+" FROM field_jobs WHERE community_id = $1 AND field_id = $2 AND kind = $3 AND stage = $4 "+tx.Dialect().Lock(),
		communityID, fieldID, field.ConvertAll, stagePartial)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// selectJobs returns the fields with a job that has not failed.
func selectJobs(ctx context.Context, q sqldb.Querier) ([]fieldJobArgs, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (fieldJobArgs, error) {
		var a fieldJobArgs
		return a, s.Scan(&a.CommunityID, &a.FieldID)
	}, "SELECT community_id, field_id FROM field_jobs WHERE error = '' ORDER BY community_id, field_id")
}

// saveJob stores the job of a field in place of the previous one.
func saveJob(ctx context.Context, tx *sqldb.Tx, w *fieldJob, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO field_jobs (`+jobColumns+`, error, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10)
		ON CONFLICT (community_id, field_id) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, target = excluded.target, position = excluded.position,
		done = excluded.done, total = excluded.total, actor = excluded.actor, error = '', updated_at = excluded.updated_at`,
		w.communityID, w.fieldID, w.kind, w.stage, field.EncodeJSON(w.target), w.position, w.done, w.total, w.actor, now)
	return err
}

func deleteJob(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM field_jobs WHERE community_id = $1 AND field_id = $2", communityID, fieldID)
	return err
}

func setFailed(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string, reason errs.Sentence) error {
	_, err := tx.Exec(ctx, "UPDATE field_jobs SET error = $3 WHERE community_id = $1 AND field_id = $2", communityID, fieldID, reason.Stored())
	return err
}

// lockDocuments locks the next members after one, in any state, in the order of
// their ids.
func lockDocuments(ctx context.Context, tx *sqldb.Tx, communityID, after string, limit int) ([]member.Document, error) {
	return sqldb.All(ctx, tx, func(s sqldb.Scanner) (member.Document, error) {
		var d member.Document
		return d, s.Scan(&d.UserID, &d.Country, &d.Text)
	}, fmt.Sprintf("SELECT user_id, country, fields FROM members WHERE community_id = $1 AND user_id > $2 ORDER BY user_id LIMIT %d %s", limit, tx.Dialect().Lock()), communityID, after)
}

// removeField deletes a definition and its job.
func removeField(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	if err := deleteJob(ctx, tx, communityID, fieldID); err != nil {
		return err
	}
	return field.Delete(ctx, tx, communityID, fieldID)
}

// selectHaving returns the next members after one with a value in a field.
func selectHaving(ctx context.Context, q sqldb.Querier, communityID, field, after string, limit int) ([]member.Document, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (member.Document, error) {
		var d member.Document
		return d, s.Scan(&d.UserID, &d.Country, &d.Text)
	}, fmt.Sprintf("SELECT user_id, country, fields FROM members WHERE community_id = $1 AND user_id > $2 AND %s IS NOT NULL ORDER BY user_id LIMIT %d",
		q.Dialect().JSONText("fields", "$3"), limit), communityID, after, q.Dialect().JSONKey(field))
}

// membersAfter reports whether there are members, in any state, after one.
func membersAfter(ctx context.Context, q sqldb.Querier, communityID, userID string) (bool, error) {
	return sqldb.One(ctx, q, "member", sqldb.Value[bool],
		"SELECT EXISTS (SELECT 1 FROM members WHERE community_id = $1 AND user_id > $2)", communityID, userID)
}
