package assign

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// UpdateTag renames a tag. If another tag has the name and merge is set, it
// merges the tag into that one and returns it: lists and filters show its members
// with the other tag at once, and a job replaces it in batches and writes their
// histories. It fails with Invalid invalid_input, NotFound tag_not_found, or
// Conflict duplicate_tag.
func (s *Assignments) UpdateTag(ctx context.Context, caller actor.Actor, communityID, tagID, name string, merge bool) (member.Tag, error) {
	if err := s.access.CanAny(ctx, caller, communityID, tagManagers...); err != nil {
		return member.Tag{}, err
	}
	name, problem := member.CheckTag(name)
	var updated member.Tag
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.GuardFields(ctx, tx, communityID); err != nil { // writers of values add tags
			return err
		}
		before, err := member.TagByID(ctx, tx, communityID, tagID)
		if updated = before; err != nil || before.Name == name {
			return err
		}
		other, err := member.TagByName(ctx, tx, communityID, name)
		switch {
		case errs.KindOf(err) == errs.NotFound && problem != nil: // an existing tag may have an older name
			return errs.InvalidFields([]errs.Field{problem.At("name")})
		case errs.KindOf(err) == errs.NotFound:
			updated.Name = name
			return s.renameTag(ctx, tx, caller, communityID, before, updated)
		case err != nil:
			return err
		case !merge:
			return errDuplicateTag(name)
		}
		updated = other
		return s.mergeTag(ctx, tx, caller, communityID, before, other)
	})
	if sqldb.IsDuplicate(err) { // created meanwhile
		err = errDuplicateTag(name)
	}
	return updated, err
}

func errDuplicateTag(name string) error {
	return errs.New(errs.Conflict, "duplicate_tag", "The tag %q already exists.", name)
}

func (s *Assignments) renameTag(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, before, after member.Tag) error {
	if err := member.RenameTag(ctx, tx, communityID, after); err != nil {
		return err
	}
	return audit.Record(ctx, tx, caller, s.clock.MS(), communityID, "tag.update", before.Target(), audit.Change{Field: "name", Old: before.Name, New: after.Name})
}

func (s *Assignments) mergeTag(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, t, into member.Tag) error {
	if err := member.MergeTag(ctx, tx, communityID, t, into.ID); err != nil {
		return err
	}
	now := s.clock.MS()
	if err := audit.Record(ctx, tx, caller, now, communityID, "tag.merge", t.Target(), audit.Change{Field: "mergedInto", New: into.Name}); err != nil {
		return err
	}
	return queueReplacement(ctx, tx, caller, communityID, t.ID, now)
}
