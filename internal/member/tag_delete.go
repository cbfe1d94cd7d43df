package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// DeleteTag deletes a tag: from then on it is in no list and on no member, and
// its name is free. A job removes its id from the members in batches and writes
// their histories. It fails with NotFound tag_not_found.
func (s *Members) DeleteTag(ctx context.Context, communityID, tagID string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := guardFields(ctx, tx, communityID); err != nil { // writers of values add tags
			return err
		}
		name, err := deleteTag(ctx, tx, communityID, tagID)
		if errs.KindOf(err) == errs.NotFound {
			return errs.New(errs.NotFound, "tag_not_found", "There is no such tag.")
		}
		if err != nil {
			return err
		}
		now := s.clock.MS()
		if err := audit.Record(ctx, tx, now, communityID, "tag.delete", Tag{ID: tagID, Name: name}.target()); err != nil {
			return err
		}
		_, err = jobs.Insert(ctx, tx, removeTag{communityID, tagID, actor.FromContext(ctx).Ref(), now}, jobs.Options{
			CommunityID: communityID, Owner: actor.FromContext(ctx).Uploader(), Lane: jobs.Large,
		})
		return err
	})
}

// removeTag is the job that removes a deleted tag from its members.
type removeTag struct {
	CommunityID string `json:"communityId"`
	TagID       string `json:"tagId"`
	Actor       string `json:"actor"`
	At          int64  `json:"at"` // Unix milliseconds
}

// Kind names the worker.
func (removeTag) Kind() string { return "member.remove_tag" }

// RemoveTags registers the worker that removes deleted tags from members. Call
// it before the engine starts.
func (s *Members) RemoveTags(engine *jobs.Engine) { jobs.Register(engine, s.removeTag) }

// removeBatch is the usual Members.batch.
const removeBatch = 1000

// removeTag may run again after any crash: members without the tag are
// skipped.
func (s *Members) removeTag(ctx context.Context, j *jobs.Job, a removeTag) error {
	left := skipped{}
	for after := ""; ; {
		next, err := s.removeTagOnce(ctx, stepTx(j), a, after, &left)
		if err == nil && next == "" {
			s.reportSkipped(ctx, "remove tag", a.CommunityID, a.TagID, left)
		}
		if err != nil || next == "" {
			return err
		}
		after = next
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// stepTx returns j.Tx for transactions that each are a step of the job.
func stepTx(j *jobs.Job) func(context.Context, func(*sqldb.Tx) error) error {
	return func(ctx context.Context, f func(*sqldb.Tx) error) error {
		return j.Tx(ctx, func(tx *sqldb.Tx) error {
			if err := f(tx); err != nil {
				return err
			}
			return j.Step(ctx, tx)
		}, sqldb.WithoutGroupCommit)
	}
}

// removeTagOnce removes the tag from the next members after one, in a
// transaction, and returns the last of them, "" at the end. It adds those that
// it skips to left.
func (s *Members) removeTagOnce(ctx context.Context, inTx func(context.Context, func(*sqldb.Tx) error) error, a removeTag, after string, left *skipped) (string, error) {
	// Read outside the transaction: few of very many may have the tag.
	ids, err := withTag(ctx, s.db, a.CommunityID, a.TagID, after, s.batch)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	var refused []string
	err = inTx(ctx, func(tx *sqldb.Tx) error {
		// A member whose row the database refuses keeps the id of a tag that is
		// deleted and no longer shows.
		var err error
		refused, err = divide(ctx, tx, ids, func(ids []string) error {
			people, err := Lookup(ctx, tx, a.CommunityID, KeySet{IDs: ids}, true)
			if err != nil {
				return err
			}
			return untag(ctx, tx, a, people, s.clock.MS())
		})
		return err
	})
	if err == nil {
		left.add(refused)
	}
	return ids[len(ids)-1], err
}

// untag removes a tag from locked members and writes their histories.
func untag(ctx context.Context, tx *sqldb.Tx, a removeTag, people []*Record, now int64) error {
	people = slices.DeleteFunc(people, func(who *Record) bool { return !slices.Contains(who.TagIDs, a.TagID) })
	changes := make([]Change, len(people))
	for i, who := range people {
		kept := slices.DeleteFunc(slices.Clone(who.TagIDs), func(one string) bool { return one == a.TagID })
		at := who.Stamp(now)
		changes[i] = Change{UserID: who.ID, Field: field.DefaultField(field.TagName), Old: idList(who.TagIDs), New: idList(kept), ValidFrom: min(a.At, at), RecordedAt: at}
		who.TagIDs = kept
	}
	if err := Update(ctx, tx, a.CommunityID, people); err != nil {
		return err
	}
	return RecordChanges(ctx, tx, a.CommunityID, changes, Source{"tag", a.TagID}, a.Actor)
}
