package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const entryColumns = "community_id, id, occurred_at, actor, actor_name, action, target_type, target_id, target_name, changes"

func insertEntry(ctx context.Context, tx *sqldb.Tx, e Entry, changes string) error {
	_, err := tx.Exec(ctx, "INSERT INTO audit_log ("+entryColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		e.CommunityID, e.ID, e.At, e.Actor, e.ActorName, e.Action, e.Target.Type, e.Target.ID, e.Target.Name, changes)
	return err
}

// selectEntries returns at most one entry more than the limit.
func selectEntries(ctx context.Context, q sqldb.Querier, communityID string, f Filter) ([]Entry, error) {
	where, args := []string{"community_id = $1", "occurred_at >= $2"}, []any{communityID, f.From}
	and := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(args))))
	}
	if f.Actor != "" {
		and("actor = %s", f.Actor)
	}
	if noun, isNoun := strings.CutSuffix(f.Action, "."); isNoun {
		and("target_type = %s", noun)
	} else if f.Action != "" {
		and("action = %s", f.Action)
	}
	if f.Target != "" {
		and("target_id = %s", f.Target)
	}
	if f.To != 0 {
		and("occurred_at < %s", f.To)
	}
	if id.Valid(f.Cursor) {
		and("id < %s", f.Cursor)
	}
	return sqldb.All(ctx, q, scan, fmt.Sprintf("SELECT %s FROM audit_log WHERE %s ORDER BY id DESC LIMIT %d",
		entryColumns, strings.Join(where, " AND "), f.Limit+1), args...)
}

func scan(s sqldb.Scanner) (Entry, error) {
	var e Entry
	var changes string
	err := s.Scan(&e.CommunityID, &e.ID, &e.At, &e.Actor, &e.ActorName, &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name, &changes)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(changes), &e.Changes)
}

func selectActors(ctx context.Context, q sqldb.Querier, communityID string) ([]Actor, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (a Actor, err error) {
		err = s.Scan(&a.Ref, &a.Name)
		return a, err
	}, "SELECT actor, max(actor_name) FROM audit_log WHERE community_id = $1 GROUP BY actor ORDER BY 2, 1 LIMIT 100", communityID)
}

// eraseTargets erases names and changes of targets, but not their ids.
func eraseTargets(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	_, err := tx.Exec(ctx, "UPDATE audit_log SET target_name = '', changes = '[]' WHERE community_id = $1 AND "+tx.Dialect().In("target_id", "$2"), communityID, sqldb.Keys(ids))
	return err
}

func eraseActors(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE audit_log SET actor_name = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(refs))
	return err
}
