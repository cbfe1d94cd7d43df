package member

import (
	"context"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

func selectTags(ctx context.Context, q sqldb.Querier, communityID string) ([]Tag, error) {
	return sqldb.All(ctx, q, scanTag, "SELECT id, name, created_at FROM tags WHERE community_id = $1 ORDER BY name", communityID)
}

func scanTag(s sqldb.Scanner) (Tag, error) {
	var t Tag
	err := s.Scan(&t.ID, &t.Name, &t.CreatedAt)
	return t, err
}

func countTags(ctx context.Context, q sqldb.Querier, communityID string) (int, error) {
	return sqldb.One(ctx, q, "community", sqldb.Value[int], "SELECT count(*) FROM tags WHERE community_id = $1", communityID)
}

func insertTag(ctx context.Context, tx *sqldb.Tx, communityID string, t Tag) error {
	_, err := tx.Exec(ctx, "INSERT INTO tags (community_id, id, name, created_at) VALUES ($1, $2, $3, $4)", communityID, t.ID, t.Name, t.CreatedAt)
	return err
}

// DeleteTag deletes a tag, with those that were merged into it, and returns its
// name.
func DeleteTag(ctx context.Context, tx *sqldb.Tx, communityID, tagID string) (name string, err error) {
	if _, err := tx.Exec(ctx, "DELETE FROM merged_tags WHERE community_id = $1 AND into_id = $2", communityID, tagID); err != nil {
		return "", err
	}
	return sqldb.One(ctx, tx, "tag", sqldb.Value[string], "DELETE FROM tags WHERE community_id = $1 AND id = $2 RETURNING name", communityID, tagID)
}

// WithTag returns the ids of members with a tag, in any state, in order, after
// one.
func WithTag(ctx context.Context, q sqldb.Querier, communityID, tagID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND user_id > $2 AND "+
		q.Dialect().JSONHasID("tags", "$3")+" ORDER BY user_id LIMIT $4", communityID, after, tagID, limit)
}

// selectTag returns a tag by its id or by its name; the other argument is "".
func selectTag(ctx context.Context, q sqldb.Querier, communityID, tagID, name string) (Tag, error) {
	return sqldb.One(ctx, q, "tag", scanTag, "SELECT id, name, created_at FROM tags WHERE community_id = $1 AND (id = $2 OR name = $3)", communityID, tagID, name)
}

func updateTagName(ctx context.Context, tx *sqldb.Tx, communityID string, t Tag) error {
	_, err := tx.Exec(ctx, "UPDATE tags SET name = $3 WHERE community_id = $1 AND id = $2", communityID, t.ID, t.Name)
	return err
}

// insertMerged records that a tag was merged into another one, and so were those
// that had been merged into it.
func insertMerged(ctx context.Context, tx *sqldb.Tx, communityID string, t Tag, intoID string) error {
	if _, err := tx.Exec(ctx, "UPDATE merged_tags SET into_id = $3 WHERE community_id = $1 AND into_id = $2", communityID, t.ID, intoID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO merged_tags (community_id, tag_id, into_id, name, pending) VALUES ($1, $2, $3, $4, TRUE)", communityID, t.ID, intoID, t.Name)
	return err
}

// selectMerged returns the tags that were merged, by id.
func selectMerged(ctx context.Context, q sqldb.Querier, communityID string) (map[string]string, error) {
	into := map[string]string{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var tagID, intoID string
		err := s.Scan(&tagID, &intoID)
		into[tagID] = intoID
		return struct{}{}, err
	}, "SELECT tag_id, into_id FROM merged_tags WHERE community_id = $1", communityID)
	return into, err
}

// MergedInto returns the tag that a tag was merged into, "" for a deleted one.
func MergedInto(ctx context.Context, q sqldb.Querier, communityID, tagID string) (string, error) {
	into, err := sqldb.All(ctx, q, sqldb.Value[string], "SELECT into_id FROM merged_tags WHERE community_id = $1 AND tag_id = $2", communityID, tagID)
	if err != nil || len(into) == 0 {
		return "", err
	}
	return into[0], nil
}

// FinishMerge records that no member has a merged tag.
func FinishMerge(ctx context.Context, tx *sqldb.Tx, communityID, tagID string) error {
	_, err := tx.Exec(ctx, "UPDATE merged_tags SET pending = FALSE WHERE community_id = $1 AND tag_id = $2", communityID, tagID)
	return err
}

// eachTagList calls f for every distinct list of tags of members.
func eachTagList(ctx context.Context, q sqldb.Querier, communityID string, f func(ids []string)) error {
	return sqldb.ScanStrings(ctx, q, []string{"tags"}, "FROM members WHERE community_id = $1 GROUP BY tags", []any{communityID}, func(texts []string) error {
		ids, err := field.DecodeIDs(texts[0])
		f(ids)
		return err
	})
}

// countTagged returns the number of active members for every distinct list of
// tags, as texts.
func countTagged(ctx context.Context, q sqldb.Querier, communityID string) (map[string]int64, error) {
	counts := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var list string
		var n int64
		err := s.Scan(&list, &n)
		counts[list] = n
		return struct{}{}, err
	}, "SELECT tags, count(*) FROM members WHERE community_id = $1 AND state = 'active' GROUP BY tags", communityID)
	return counts, err
}

func deleteTags(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM merged_tags WHERE community_id = $1 AND "+tx.Dialect().In("into_id", "$2"), communityID, sqldb.Keys(ids)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM tags WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, sqldb.Keys(ids))
	return err
}

func insertWatches(ctx context.Context, tx *sqldb.Tx, communityID string, tagIDs []string) error {
	if err := deleteWatches(ctx, tx, communityID, tagIDs); err != nil {
		return err
	}
	return tx.InsertRows(ctx, sqldb.Rows{Table: "unused_tags", Columns: []string{"community_id", "tag_id"}, N: len(tagIDs), Fill: func(i int, row []any) {
		row[0], row[1] = communityID, tagIDs[i]
	}})
}

// anyWatches reports whether tags of a community are watched.
func anyWatches(ctx context.Context, q sqldb.Querier, communityID string) (bool, error) {
	return sqldb.One(ctx, q, "watches", sqldb.Value[bool], "SELECT EXISTS (SELECT 1 FROM unused_tags WHERE community_id = $1)", communityID)
}

// selectWatches returns the watched ones of some tags.
func selectWatches(ctx context.Context, q sqldb.Querier, communityID string, tagIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT tag_id FROM unused_tags WHERE community_id = $1 AND "+q.Dialect().In("tag_id", "$2"), communityID, sqldb.Keys(tagIDs))
}

func deleteWatches(ctx context.Context, tx *sqldb.Tx, communityID string, tagIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM unused_tags WHERE community_id = $1 AND "+tx.Dialect().In("tag_id", "$2"), communityID, sqldb.Keys(tagIDs))
	return err
}

type nameRow struct {
	namedRole
	isTag            bool
	intoID, intoName string // of a merged tag
}

// HasFewTags reports whether a community has at most limit tags, merged ones
// included.
func HasFewTags(ctx context.Context, q sqldb.Querier, communityID string, limit int) (bool, error) {
	n, err := sqldb.One(ctx, q, "tag", sqldb.Value[int], `SELECT count(*) FROM (
		SELECT id FROM tags WHERE community_id = $1 UNION ALL SELECT tag_id FROM merged_tags WHERE community_id = $1 LIMIT $2) found`, communityID, limit+1)
	return n <= limit, err
}

// selectNames reads roles, tags and merged tags in one query, since a read of one
// member needs them all.
func selectNames(ctx context.Context, q sqldb.Querier, communityID string, tagIDs []string) ([]nameRow, error) {
	tags, merged, args := "tags WHERE", "", []any{communityID}
	if tagIDs != nil {
		tags, args = q.Dialect().FromKeys("tags", "id", "$2")+" AND", append(args, sqldb.Keys(tagIDs))
		merged = " AND " + q.Dialect().In("g.tag_id", "$2")
	}
	query := `SELECT id, title, rank, everyone, FALSE, '', '' FROM roles WHERE community_id = $1
		UNION ALL SELECT id, name, 0, FALSE, TRUE, '', '' FROM ` + tags + ` community_id = $1
		UNION ALL SELECT g.tag_id, g.name, 0, FALSE, FALSE, g.into_id, t.name FROM merged_tags g
			JOIN tags t ON t.community_id = g.community_id AND t.id = g.into_id WHERE g.community_id = $1` + merged
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (nameRow, error) {
		var r nameRow
		return r, s.Scan(&r.id, &r.title, &r.rank, &r.everyone, &r.isTag, &r.intoID, &r.intoName)
	}, query, args...)
}
