package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "type, fields, options, draft_id, actor_name, used_at"

func scan(s sqldb.Scanner) (m Saved, err error) {
	var fields, options string
	if err := s.Scan(&m.Type, &fields, &options, &m.DraftID, &m.ActorName, &m.UsedAt); err != nil {
		return m, err
	}
	if err := errors.Join(json.Unmarshal([]byte(fields), &m.Fields), json.Unmarshal([]byte(options), &m.Options)); err != nil {
		return m, fmt.Errorf("bulk mapping: %w", err)
	}
	return m, nil
}

// load fails with NotFound mapping_not_found.
func load(ctx context.Context, q sqldb.Querier, communityID, hash string) (Saved, error) {
	return sqldb.One(ctx, q, "mapping", scan, "SELECT "+columns+" FROM bulk_mappings WHERE community_id = $1 AND header_hash = $2", communityID, hash)
}

func upsert(ctx context.Context, tx *sqldb.Tx, communityID, hash, actor string, m *Saved) error {
	fields, err := json.Marshal(m.Fields)
	if err != nil {
		return err
	}
	options, err := json.Marshal(m.Options)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO bulk_mappings (community_id, header_hash, type, fields, options, draft_id, actor, actor_name, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (community_id, header_hash) DO UPDATE SET type = excluded.type, fields = excluded.fields, options = excluded.options,
			draft_id = excluded.draft_id, actor = excluded.actor, actor_name = excluded.actor_name, used_at = excluded.used_at`,
		communityID, hash, string(m.Type), string(fields), string(options), m.DraftID, actor, m.ActorName, m.UsedAt)
	return err
}

// deleteOldest deletes all mappings of a community but the latest ones.
func deleteOldest(ctx context.Context, tx *sqldb.Tx, communityID string, most int) error {
	_, err := tx.Exec(ctx, `DELETE FROM bulk_mappings WHERE community_id = $1 AND header_hash IN (
		SELECT header_hash FROM bulk_mappings WHERE community_id = $1 ORDER BY used_at DESC, header_hash LIMIT 1000 OFFSET $2)`, communityID, most)
	return err
}

// EraseActorNames erases the names of persons from the mappings that they used.
func EraseActorNames(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_mappings SET actor_name = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(refs))
	return err
}
