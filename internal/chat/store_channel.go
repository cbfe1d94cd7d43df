package chat

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	channelColumns  = "c.id, c.topic, c.type, c.description, c.category_id, c.url, c.position, c.slow_mode, c.trading_discussions, c.version, c.created_at, c.updated_at"
	categoryColumns = "id, name, position, created_at, updated_at"
)

func scanChannel(s sqldb.Scanner) (Channel, error) {
	var c Channel
	return c, s.Scan(&c.ID, &c.Topic, &c.Type, &c.Description, &c.CategoryID, &c.URL, &c.Position, &c.SlowMode, &c.TradingDiscussions, &c.Version, &c.CreatedAt, &c.UpdatedAt)
}

var cachedChannels = cache.New[[]Channel](200, "channel_categories", "channel_overrides", "channels", "roles") // by community

// All returns all channels, those without a category first, then category
// by category. Outside a transaction their overrides are shared and must not be
// changed.
func All(ctx context.Context, q sqldb.Querier, communityID string) ([]Channel, error) {
	all, err := shared(ctx, q, communityID)
	return slices.Clone(all), err
}

// shared is All with a result that must not be changed.
func shared(ctx context.Context, q sqldb.Querier, communityID string) ([]Channel, error) {
	return cachedChannels.Get(q, communityID, func() ([]Channel, error) { return selectChannels(ctx, q, communityID) })
}

func selectChannels(ctx context.Context, q sqldb.Querier, communityID string) ([]Channel, error) {
	all, err := sqldb.All(ctx, q, scanChannel, "SELECT "+channelColumns+` FROM channels c
		LEFT JOIN channel_categories k ON k.community_id = c.community_id AND k.id = c.category_id
		WHERE c.community_id = $1 ORDER BY COALESCE(k.position, -1), c.position, c.id`, communityID)
	if err != nil {
		return nil, err
	}
	return all, addOverrides(ctx, q, communityID, all, "")
}

// Load returns a channel with its overrides, in the caller's transaction; outside of
// one the overrides are shared and must not be changed. It fails with NotFound
// "channel_not_found".
func Load(ctx context.Context, q sqldb.Querier, communityID, channelID string) (Channel, error) {
	if _, outside := q.(*sqldb.DB); outside {
		all, err := shared(ctx, q, communityID)
		if err != nil {
			return Channel{}, err
		}
		if i := slices.IndexFunc(all, func(c Channel) bool { return c.ID == channelID }); i >= 0 {
			return all[i], nil
		}
	}
	found, err := sqldb.One(ctx, q, "channel", scanChannel, "SELECT "+channelColumns+" FROM channels c WHERE c.community_id = $1 AND c.id = $2", communityID, channelID)
	if err != nil {
		return found, err
	}
	one := []Channel{found}
	err = addOverrides(ctx, q, communityID, one, channelID)
	return one[0], err
}

// TradingChannels returns the ids of the channels whose messages pay as discussions of
// trading.
func TradingChannels(ctx context.Context, q sqldb.Querier, communityID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM channels WHERE community_id = $1 AND trading_discussions", communityID)
}

// overrideRow is a row of channel_overrides.
type overrideRow struct {
	channelID, subjectID, allow, deny string
	isRole, everyone                  bool
}

func scanOverride(s sqldb.Scanner) (overrideRow, error) {
	var o overrideRow
	return o, s.Scan(&o.channelID, &o.subjectID, &o.isRole, &o.everyone, &o.allow, &o.deny)
}

// addOverrides sets the overrides of channels. It loads those of the channel
// only, or of all if only is "".
func addOverrides(ctx context.Context, q sqldb.Querier, communityID string, channels []Channel, only string) error {
	condition, args := "o.community_id = $1", []any{communityID}
	if only != "" {
		condition, args = condition+" AND o.channel_id = $2", append(args, only)
	}
	rows, err := sqldb.All(ctx, q, scanOverride, `SELECT o.channel_id, o.subject_id, o.role_id IS NOT NULL, COALESCE(r.everyone, FALSE), o.allow, o.deny
		FROM channel_overrides o LEFT JOIN roles r ON r.community_id = o.community_id AND r.id = o.role_id
		WHERE `+condition+" ORDER BY o.channel_id, o.subject_id", args...)
	if err != nil {
		return err
	}
	at := make(map[string]*Channel, len(channels))
	for i := range channels {
		at[channels[i].ID] = &channels[i]
	}
	for _, row := range rows {
		o := access.Override{UserID: row.subjectID}
		if row.isRole {
			o = access.Override{RoleID: row.subjectID}
		}
		if err := json.Unmarshal([]byte(row.allow), &o.Allow); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(row.deny), &o.Deny); err != nil {
			return err
		}
		if ch := at[row.channelID]; ch != nil {
			ch.Overrides = append(ch.Overrides, o)
			ch.Private = ch.Private || row.everyone && slices.Contains(o.Deny, permission.ViewMessageHistory)
		}
	}
	return nil
}

func insertChannel(ctx context.Context, tx *sqldb.Tx, communityID string, c Channel) error {
	_, err := tx.Exec(ctx, `INSERT INTO channels (community_id, id, topic, type, description, category_id, url, position, slow_mode, trading_discussions, version, created_at, updated_at)
		VALUES (`+sqldb.Placeholders(1, 13)+")", communityID, c.ID, c.Topic, string(c.Type), c.Description, c.CategoryID, c.URL, c.Position, c.SlowMode, c.TradingDiscussions, c.Version, c.CreatedAt, c.UpdatedAt)
	return err
}

func updateChannel(ctx context.Context, tx *sqldb.Tx, communityID string, c Channel) error {
	_, err := tx.Exec(ctx, `UPDATE channels SET topic = $1, type = $2, description = $3, category_id = $4, url = $5, position = $6, updated_at = $7,
		slow_mode = $8, trading_discussions = $9, version = $10 WHERE community_id = $11 AND id = $12`, c.Topic, string(c.Type), c.Description, c.CategoryID, c.URL, c.Position, c.UpdatedAt, c.SlowMode, c.TradingDiscussions, c.Version, communityID, c.ID)
	return err
}

func moveChannel(ctx context.Context, tx *sqldb.Tx, communityID, channelID, categoryID string, position int) error {
	_, err := tx.Exec(ctx, "UPDATE channels SET category_id = $1, position = $2, version = version + 1 WHERE community_id = $3 AND id = $4", categoryID, position, communityID, channelID)
	return err
}

func deleteChannel(ctx context.Context, tx *sqldb.Tx, communityID, channelID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM channels WHERE community_id = $1 AND id = $2", communityID, channelID)
	return err
}

func replaceOverrides(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, overrides []access.Override) error {
	if _, err := tx.Exec(ctx, "DELETE FROM channel_overrides WHERE community_id = $1 AND channel_id = $2", communityID, channelID); err != nil {
		return err
	}
	return tx.InsertRows(ctx, sqldb.Rows{
		Table: "channel_overrides", Columns: []string{"community_id", "channel_id", "subject_id", "role_id", "allow", "deny"}, N: len(overrides),
		Fill: func(i int, row []any) {
			o := overrides[i]
			row[0], row[1], row[2], row[3] = communityID, channelID, o.RoleID+o.UserID, nil
			if o.RoleID != "" {
				row[3] = o.RoleID
			}
			row[4], row[5] = sqldb.Keys(o.Allow), sqldb.Keys(o.Deny)
		},
	})
}

func scanCategory(s sqldb.Scanner) (Category, error) {
	var c Category
	return c, s.Scan(&c.ID, &c.Name, &c.Position, &c.CreatedAt, &c.UpdatedAt)
}

func categoriesOf(ctx context.Context, q sqldb.Querier, communityID string) ([]Category, error) {
	return sqldb.All(ctx, q, scanCategory, "SELECT "+categoryColumns+" FROM channel_categories WHERE community_id = $1 ORDER BY position, id", communityID)
}

func categoryByID(ctx context.Context, q sqldb.Querier, communityID, categoryID string) (Category, error) {
	return sqldb.One(ctx, q, "category", scanCategory, "SELECT "+categoryColumns+" FROM channel_categories WHERE community_id = $1 AND id = $2", communityID, categoryID)
}

func insertCategory(ctx context.Context, tx *sqldb.Tx, communityID string, c Category) error {
	_, err := tx.Exec(ctx, "INSERT INTO channel_categories (community_id, "+categoryColumns+") VALUES ("+sqldb.Placeholders(1, 6)+")",
		communityID, c.ID, c.Name, c.Position, c.CreatedAt, c.UpdatedAt)
	return err
}

func updateCategory(ctx context.Context, tx *sqldb.Tx, communityID string, c Category) error {
	_, err := tx.Exec(ctx, "UPDATE channel_categories SET name = $1, position = $2, updated_at = $3 WHERE community_id = $4 AND id = $5",
		c.Name, c.Position, c.UpdatedAt, communityID, c.ID)
	return err
}

func moveCategory(ctx context.Context, tx *sqldb.Tx, communityID, categoryID string, position int) error {
	_, err := tx.Exec(ctx, "UPDATE channel_categories SET position = $1 WHERE community_id = $2 AND id = $3", position, communityID, categoryID)
	return err
}

func deleteCategory(ctx context.Context, tx *sqldb.Tx, communityID, categoryID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM channel_categories WHERE community_id = $1 AND id = $2", communityID, categoryID)
	return err
}

// EraseMembers deletes the overrides of members. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM channel_overrides WHERE community_id = $1 AND role_id IS NULL AND "+tx.Dialect().In("subject_id", "$2"), communityID, sqldb.Keys(userIDs))
	return err
}
