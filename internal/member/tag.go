package member

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Tag is a label for members of a community.
type Tag struct {
	ID        string
	Name      string // unique in the community, case-sensitive
	CreatedAt int64
}

// Target is the tag as the target of an audit entry.
func (t Tag) Target() audit.Target { return audit.Target{Type: "tag", ID: t.ID, Name: t.Name} }

// MaxTags is the largest number of tags of a community.
const MaxTags = 5_000

// tagSeparators separate tags in files, or start a list. A name with one of them
// is more likely a list.
const tagSeparators = ",;|["

// CheckTag returns a name as it is stored, or the problem.
func CheckTag(name string) (string, *field.Problem) {
	name, ok := text.Line(text.Name(name), field.MaxName)
	if !ok || name == "" || strings.ContainsAny(name, tagSeparators) {
		return name, field.Unfit("invalid_tag", "A tag has 1 to 50 characters, and none of , ; | or [.")
	}
	return name, nil
}

// Tags returns the tags of a community by name.
func Tags(ctx context.Context, q sqldb.Querier, communityID string) ([]Tag, error) {
	return selectTags(ctx, q, communityID)
}

// MergedTag is a tag that was merged into another one.
type MergedTag struct {
	Name string // before the merge
	Into string // the id of the other tag
}

// MergedTags returns the ids of the tags that others were merged into, by the
// ids of the merged ones.
func MergedTags(ctx context.Context, q sqldb.Querier, communityID string) (map[string]string, error) {
	return selectMerged(ctx, q, communityID)
}

// TagByID returns a tag, or NotFound tag_not_found.
func TagByID(ctx context.Context, q sqldb.Querier, communityID, tagID string) (Tag, error) {
	return selectTag(ctx, q, communityID, tagID, "")
}

// TagByName returns a tag, or NotFound tag_not_found.
func TagByName(ctx context.Context, q sqldb.Querier, communityID, name string) (Tag, error) {
	return selectTag(ctx, q, communityID, "", name)
}

// TagMembers returns the number of active members with each tag, by id. It reads
// all members.
func TagMembers(ctx context.Context, q sqldb.Querier, communityID string) (map[string]int64, error) {
	merged, err := selectMerged(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	lists, err := countTagged(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	members := map[string]int64{}
	for list, n := range lists {
		ids, err := field.DecodeIDs(list)
		if err != nil {
			return nil, err
		}
		for i := range ids {
			ids[i] = cmp.Or(merged[ids[i]], ids[i])
		}
		slices.Sort(ids)
		for _, tagID := range slices.Compact(ids) {
			members[tagID] += n
		}
	}
	return members, nil
}

// RenameTag stores the name of a tag, which is checked; an existing name makes it
// fail as a duplicate.
func RenameTag(ctx context.Context, tx *sqldb.Tx, communityID string, t Tag) error {
	return updateTagName(ctx, tx, communityID, t)
}

// MergeTag replaces a tag by another one, in the caller's transaction, which
// has GuardFields. Members keep its id, which means the other tag from now on,
// until a job replaces it and calls FinishMerge.
func MergeTag(ctx context.Context, tx *sqldb.Tx, communityID string, t Tag, intoID string) error {
	if err := insertMerged(ctx, tx, communityID, t, intoID); err != nil {
		return err
	}
	if err := deleteWatches(ctx, tx, communityID, []string{t.ID, intoID}); err != nil { // members get it
		return err
	}
	return deleteTags(ctx, tx, communityID, []string{t.ID})
}

// InsertTags inserts tags with checked names, in the caller's transaction; an
// existing name makes it fail as a duplicate.
func InsertTags(ctx context.Context, tx *sqldb.Tx, communityID string, tags []Tag) error {
	if len(tags) == 0 {
		return nil
	}
	existing, err := countTags(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if existing+len(tags) > MaxTags {
		return errs.New(errs.Conflict, "too_many_tags", "A community has at most %d tags.", MaxTags)
	}
	for _, t := range tags {
		if err := insertTag(ctx, tx, communityID, t); err != nil {
			return err
		}
	}
	return nil
}
