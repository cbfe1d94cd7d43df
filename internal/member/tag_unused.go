package member

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Unused tags are deleted in three steps, since a transaction that read the tags
// of all members would delay all changes of values: WatchTags,
// then UsedTags outside a transaction, then DeleteUnusedTags.

// WatchTags starts to record, in the caller's transaction, whether a member is
// assigned one of the tags. It waits for the writers of values: after the
// commit UsedTags sees their members, and later writes end the watch of the
// tags that they assign.
func WatchTags(ctx context.Context, tx *sqldb.Tx, communityID string, tagIDs []string) error {
	if err := GuardFields(ctx, tx, communityID); err != nil {
		return err
	}
	return insertWatches(ctx, tx, communityID, tagIDs)
}

// UsedTags returns the tags that a member has, in any state. It reads all
// members.
func UsedTags(ctx context.Context, q sqldb.Querier, communityID string, tagIDs []string) (map[string]bool, error) {
	asked, used := map[string]bool{}, map[string]bool{}
	for _, tagID := range tagIDs {
		asked[tagID] = true
	}
	merged, err := selectMerged(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	err = eachTagList(ctx, q, communityID, func(ids []string) {
		for _, tagID := range ids {
			if tagID = cmp.Or(merged[tagID], tagID); asked[tagID] {
				used[tagID] = true
			}
		}
	})
	return used, err
}

// DeleteUnusedTags deletes the watched tags that are not in used and were not
// assigned since WatchTags, in the caller's transaction, and returns their ids.
// All watches end.
func DeleteUnusedTags(ctx context.Context, tx *sqldb.Tx, communityID string, tagIDs []string, used map[string]bool) ([]string, error) {
	if err := GuardFields(ctx, tx, communityID); err != nil {
		return nil, err
	}
	unused, err := selectWatches(ctx, tx, communityID, tagIDs)
	if err != nil {
		return nil, err
	}
	unused = slices.DeleteFunc(unused, func(tagID string) bool { return used[tagID] })
	if err := deleteWatches(ctx, tx, communityID, tagIDs); err != nil {
		return nil, err
	}
	return unused, deleteTags(ctx, tx, communityID, unused)
}

// endWatches ends the watch of tags that are assigned in the caller's
// transaction.
func endWatches(ctx context.Context, tx *sqldb.Tx, communityID string, lists iter.Seq2[[]string, error]) error {
	watched, err := anyWatches(ctx, tx, communityID)
	if err != nil || !watched {
		return err
	}
	given := map[string]bool{}
	for ids, err := range lists {
		if err != nil {
			return err
		}
		for _, tagID := range ids {
			given[tagID] = true
		}
	}
	ids := make([]string, 0, len(given))
	for tagID := range given {
		ids = append(ids, tagID)
	}
	return deleteWatches(ctx, tx, communityID, ids)
}

// tagsOf iterates over the tags of records.
func tagsOf(records []*Record) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, r := range records {
			if !yield(r.TagIDs, nil) {
				return
			}
		}
	}
}

// tagsIn iterates over the tags in rows of the table members.
func tagsIn(rows sqldb.Rows) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		tags, row := columnOf(rows, "tags"), make([]any, len(rows.Columns))
		for i := range rows.N {
			rows.Fill(i, row)
			if !yield(field.DecodeIDs(row[tags].(string))) {
				return
			}
		}
	}
}
