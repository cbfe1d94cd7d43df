package level

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const settingsColumns = "version, enabled, show_levels, show_tiers, demote, tiers, recomputing, recomputed_until, base"

func scanSettings(q sqldb.Scanner) (s Settings, err error) {
	var tiers, base []byte
	if err = q.Scan(&s.Version, &s.Enabled, &s.ShowLevels, &s.ShowTiers, &s.Demote, &tiers, &s.Recomputing, &s.After, &base); err != nil {
		return s, err
	}
	if err = json.Unmarshal(tiers, &s.Tiers); err != nil {
		return s, err
	}
	return s, json.Unmarshal(base, &s.Base)
}

// Load returns the tiers of a community.
func Load(ctx context.Context, q sqldb.Querier, communityID string) (Settings, error) {
	return orDefaults(sqldb.One(ctx, q, "tiers", scanSettings, "SELECT "+settingsColumns+" FROM tier_settings WHERE community_id = $1", communityID))
}

// Lock is Load with a lock until the end of the transaction, if the community has tiers.
func Lock(ctx context.Context, tx *sqldb.Tx, communityID string) (Settings, error) {
	return orDefaults(sqldb.One(ctx, tx, "tiers", scanSettings, "SELECT "+settingsColumns+" FROM tier_settings WHERE community_id = $1 "+tx.Dialect().Lock(), communityID))
}

func orDefaults(s Settings, err error) (Settings, error) {
	if errs.KindOf(err) == errs.NotFound {
		return Defaults(), nil
	}
	return s, err
}

// Save stores the tiers of a community.
func Save(ctx context.Context, tx *sqldb.Tx, communityID string, s Settings) error {
	tiers, err := json.Marshal(s.Tiers)
	if err != nil {
		return err
	}
	base, err := json.Marshal(s.Base)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO tier_settings (community_id, "+settingsColumns+") VALUES ("+sqldb.Placeholders(1, 10)+`)
		ON CONFLICT (community_id) DO UPDATE SET version = excluded.version, enabled = excluded.enabled, show_levels = excluded.show_levels, show_tiers = excluded.show_tiers,
			demote = excluded.demote, tiers = excluded.tiers, recomputing = excluded.recomputing, recomputed_until = excluded.recomputed_until, base = excluded.base`,
		communityID, s.Version, s.Enabled, s.ShowLevels, s.ShowTiers, s.Demote, string(tiers), s.Recomputing, s.After, string(base))
	return err
}

const positionColumns = "user_id, tier_id, level, best_tier_id, best_level, role_id"

func scanPosition(s sqldb.Scanner) (p Position, err error) {
	return p, s.Scan(&p.UserID, &p.TierID, &p.Level, &p.Best.TierID, &p.Best.Level, &p.RoleID)
}

// Positions returns the positions of members by their ids; members that never moved have
// none.
func Positions(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) (map[string]Position, error) {
	found, err := sqldb.All(ctx, q, scanPosition, "SELECT "+positionColumns+" FROM tier_positions WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
	byID := make(map[string]Position, len(found))
	for _, p := range found {
		byID[p.UserID] = p
	}
	return byID, err
}

// Insert stores positions of members that have none.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, list []Position) error {
	return tx.InsertRows(ctx, positionRows(communityID, list))
}

// Update stores positions of members that have one.
func Update(ctx context.Context, tx *sqldb.Tx, communityID string, list []Position) error {
	return tx.UpdateRows(ctx, 2, positionRows(communityID, list))
}

func positionRows(communityID string, list []Position) sqldb.Rows {
	columns := []string{"community_id", "user_id", "tier_id", "level", "best_tier_id", "best_level", "role_id"}
	return sqldb.Rows{Table: "tier_positions", Columns: columns, N: len(list), Fill: func(i int, row []any) {
		p := list[i]
		row[0], row[1], row[2], row[3], row[4], row[5], row[6] = communityID, p.UserID, p.TierID, p.Level, p.Best.TierID, p.Best.Level, p.RoleID
	}}
}

// Disown forgets that a tier granted a role to members, by their ids; nil: to any.
func Disown(ctx context.Context, tx *sqldb.Tx, communityID, roleID string, userIDs []string) error {
	if userIDs == nil {
		_, err := tx.Exec(ctx, "UPDATE tier_positions SET role_id = '' WHERE community_id = $1 AND role_id = $2 AND role_id <> ''", communityID, roleID)
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE tier_positions SET role_id = '' WHERE community_id = $1 AND role_id = $2 AND "+tx.Dialect().In("user_id", "$3"), communityID, roleID, sqldb.Keys(userIDs))
	return err
}

// EraseMembers deletes the positions of members. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM tier_positions WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
