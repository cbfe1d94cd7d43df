package member

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

const workColumns = "community_id, field_id, kind, stage, target, position, done, total, actor"

func scanWork(s sqldb.Scanner) (*fieldWork, error) {
	w := &fieldWork{}
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

// loadWork returns the work on a field that was not given up, locked; nil when
// there is none.
func loadWork(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (*fieldWork, error) {
	found, err := sqldb.All(ctx, tx, scanWork, "SELECT "+workColumns+" FROM field_work WHERE community_id = $1 AND field_id = $2 AND error = '' "+tx.Dialect().Lock(), communityID, fieldID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// loadPartial returns the conversion that was given up after it had changed
// values, locked; nil when there is none.
func loadPartial(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (*fieldWork, error) {
	found, err := sqldb.All(ctx, tx, scanWork, "SELECT "+workColumns+" FROM field_work WHERE community_id = $1 AND field_id = $2 AND kind = $3 AND stage = $4 "+tx.Dialect().Lock(),
		communityID, fieldID, field.ConvertAll, stagePartial)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// selectWork names the fields that are being worked on.
func selectWork(ctx context.Context, q sqldb.Querier) ([]fieldWorkArgs, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (fieldWorkArgs, error) {
		var a fieldWorkArgs
		return a, s.Scan(&a.CommunityID, &a.FieldID)
	}, "SELECT community_id, field_id FROM field_work WHERE error = '' ORDER BY community_id, field_id")
}

// saveWork writes work down, over what was there of the field.
func saveWork(ctx context.Context, tx *sqldb.Tx, w *fieldWork, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO field_work (`+workColumns+`, error, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10)
		ON CONFLICT (community_id, field_id) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, target = excluded.target, position = excluded.position,
		done = excluded.done, total = excluded.total, actor = excluded.actor, error = '', updated_at = excluded.updated_at`,
		w.communityID, w.fieldID, w.kind, w.stage, field.EncodeJSON(w.target), w.position, w.done, w.total, w.actor, now)
	return err
}

func dropWork(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM field_work WHERE community_id = $1 AND field_id = $2", communityID, fieldID)
	return err
}

func setGivenUp(ctx context.Context, tx *sqldb.Tx, communityID, fieldID, reason string) error {
	_, err := tx.Exec(ctx, "UPDATE field_work SET error = $3 WHERE community_id = $1 AND field_id = $2", communityID, fieldID, reason)
	return err
}

// lockDocuments returns the next members after one, whatever their state,
// locked in the order of their ids.
func lockDocuments(ctx context.Context, tx *sqldb.Tx, communityID, after string, limit int) ([]document, error) {
	return sqldb.All(ctx, tx, func(s sqldb.Scanner) (document, error) {
		var d document
		return d, s.Scan(&d.userID, &d.country, &d.text)
	}, fmt.Sprintf("SELECT user_id, country, fields FROM members WHERE community_id = $1 AND user_id > $2 ORDER BY user_id LIMIT %d %s", limit, tx.Dialect().Lock()), communityID, after)
}

// removeField deletes a definition and the work on it.
func removeField(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	if err := dropWork(ctx, tx, communityID, fieldID); err != nil {
		return err
	}
	return field.Delete(ctx, tx, communityID, fieldID)
}

// selectHaving returns the next members after one who have a value in a field.
func selectHaving(ctx context.Context, q sqldb.Querier, communityID, field, after string, limit int) ([]document, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (document, error) {
		var d document
		return d, s.Scan(&d.userID, &d.country, &d.text)
	}, fmt.Sprintf("SELECT user_id, country, fields FROM members WHERE community_id = $1 AND user_id > $2 AND %s IS NOT NULL ORDER BY user_id LIMIT %d",
		q.Dialect().JSONText("fields", "$3"), limit), communityID, after, q.Dialect().JSONKey(field))
}

// membersAfter reports whether there are members, in whatever state, after one.
func membersAfter(ctx context.Context, q sqldb.Querier, communityID, userID string) (bool, error) {
	return sqldb.One(ctx, q, "member", sqldb.Value[bool],
		"SELECT EXISTS (SELECT 1 FROM members WHERE community_id = $1 AND user_id > $2)", communityID, userID)
}
