package assign

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// DeleteTag deletes a tag and frees its name at once. A job removes it from the
// members in batches and writes their histories. It fails with NotFound
// tag_not_found.
func (s *Assignments) DeleteTag(ctx context.Context, caller actor.Actor, communityID, tagID string) error {
	if err := s.access.CanAny(ctx, caller, communityID, tagManagers...); err != nil {
		return err
	}
	ctx = actor.NewContext(ctx, caller)
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.GuardFields(ctx, tx, communityID); err != nil { // writers of values add tags
			return err
		}
		name, err := member.DeleteTag(ctx, tx, communityID, tagID)
		if errs.KindOf(err) == errs.NotFound {
			return errs.Missing("tag")
		}
		if err != nil {
			return err
		}
		now := s.clock.MS()
		if err := audit.Record(ctx, tx, now, communityID, "tag.delete", member.Tag{ID: tagID, Name: name}.Target()); err != nil {
			return err
		}
		_, err = jobs.Insert(ctx, tx, removeTag{communityID, tagID, caller.Ref(), now}, jobs.Options{
			CommunityID: communityID, Owner: caller.Uploader(), Lane: jobs.Large,
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

// Kind is the kind of the job.
func (removeTag) Kind() string { return "member.remove_tag" }

// removeTag may run again after a crash: members without the tag are skipped.
func (s *Assignments) removeTag(ctx context.Context, j *jobs.Job, a removeTag) error {
	left := member.Skipped{}
	for after := ""; ; {
		next, err := s.removeTagOnce(ctx, stepTx(j), a, after, &left)
		if err == nil && next == "" {
			s.ReportSkipped(ctx, "remove tag", a.CommunityID, a.TagID, left)
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
// transaction, and returns the last of them, "" at the end. It adds skipped
// members to left.
func (s *Assignments) removeTagOnce(ctx context.Context, inTx func(context.Context, func(*sqldb.Tx) error) error, a removeTag, after string, left *member.Skipped) (string, error) {
	// Read outside the transaction: few of very many may have the tag.
	ids, err := member.WithTag(ctx, s.db, a.CommunityID, a.TagID, after, s.batch)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	var refused []string
	err = inTx(ctx, func(tx *sqldb.Tx) error {
		// A row that the database rejects keeps the id of the deleted tag, which is
		// not shown.
		var err error
		refused, err = member.Bisect(ctx, tx, ids, func(ids []string) error {
			people, err := member.Lookup(ctx, tx, a.CommunityID, member.KeySet{IDs: ids}, true)
			if err != nil {
				return err
			}
			return untag(ctx, tx, a, people, s.clock.MS())
		})
		return err
	})
	if err == nil {
		left.Add(refused)
	}
	return ids[len(ids)-1], err
}

// untag removes a tag from locked members and writes their histories.
func untag(ctx context.Context, tx *sqldb.Tx, a removeTag, people []*member.Record, now int64) error {
	people = slices.DeleteFunc(people, func(who *member.Record) bool { return !slices.Contains(who.TagIDs, a.TagID) })
	changes := make([]member.Change, len(people))
	for i, who := range people {
		kept := slices.DeleteFunc(slices.Clone(who.TagIDs), func(one string) bool { return one == a.TagID })
		at := who.Stamp(now)
		changes[i] = member.Change{UserID: who.ID, Field: field.DefaultField(field.TagName), Old: member.IDList(who.TagIDs), New: member.IDList(kept), ValidFrom: min(a.At, at), RecordedAt: at}
		who.TagIDs = kept
	}
	if err := member.Update(ctx, tx, a.CommunityID, people); err != nil {
		return err
	}
	return member.RecordChanges(ctx, tx, a.CommunityID, changes, member.Source{Type: "tag", ID: a.TagID}, a.Actor)
}
