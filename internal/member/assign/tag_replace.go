package assign

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// queueReplacement queues the job that replaces a tag, which is merged or deleted
// in the same transaction, in the values of members.
func queueReplacement(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, tagID string, now int64) error {
	_, err := jobs.Insert(ctx, tx, removeTag{communityID, tagID, caller.Ref(), now}, jobs.Options{
		CommunityID: communityID, Owner: caller.Uploader(), Lane: jobs.Large,
	})
	return err
}

// removeTag is the job that removes a deleted tag from its members, or replaces a
// merged one.
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
			return finishReplacement(ctx, j, a, left)
		}
		if err != nil {
			return err
		}
		after = next
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// finishReplacement ends the merge of the tag, unless members still have it.
func finishReplacement(ctx context.Context, j *jobs.Job, a removeTag, left member.Skipped) error {
	if left.Count > 0 {
		return nil
	}
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.FinishMerge(ctx, tx, a.CommunityID, a.TagID); err != nil {
			return err
		}
		return j.Complete(ctx, tx)
	})
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

// removeTagOnce replaces the tag at the next members after one, in a
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
		// The tag that it was merged into may be merged or deleted meanwhile.
		if err := field.LockShared(ctx, tx, a.CommunityID); err != nil {
			return err
		}
		into, err := member.MergedInto(ctx, tx, a.CommunityID, a.TagID)
		if err != nil {
			return err
		}
		// A row that the database rejects keeps the id of a deleted tag, which is not
		// shown, or of a merged one, which is shown as the other tag.
		refused, err = member.Bisect(ctx, tx, ids, func(ids []string) error {
			people, err := member.Lookup(ctx, tx, a.CommunityID, member.KeySet{IDs: ids}, true)
			if err != nil {
				return err
			}
			return a.replace(ctx, tx, into, people, s.clock.MS())
		})
		return err
	})
	if err == nil {
		left.Add(refused)
	}
	return ids[len(ids)-1], err
}

// replace replaces the tag by another one at locked members, or removes it if
// into is "", and writes their histories.
func (a removeTag) replace(ctx context.Context, tx *sqldb.Tx, into string, people []*member.Record, now int64) error {
	people = slices.DeleteFunc(people, func(who *member.Record) bool { return !slices.Contains(who.TagIDs, a.TagID) })
	changes := make([]member.Change, len(people))
	for i, who := range people {
		next := slices.DeleteFunc(slices.Clone(who.TagIDs), func(one string) bool { return one == a.TagID })
		if into != "" && !slices.Contains(next, into) {
			next = append(next, into)
			slices.Sort(next)
		}
		at := who.Stamp(now)
		changes[i] = member.Change{UserID: who.ID, Field: field.DefaultField(field.TagName), Old: member.IDList(who.TagIDs), New: member.IDList(next), ValidFrom: min(a.At, at), RecordedAt: at}
		who.TagIDs = next
	}
	if err := member.Update(ctx, tx, a.CommunityID, people); err != nil {
		return err
	}
	return member.RecordChanges(ctx, tx, a.CommunityID, changes, member.Source{Type: "tag", ID: a.TagID}, a.Actor)
}
