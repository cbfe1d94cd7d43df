package award

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/sqldb"
)

// evaluateBatch is the number of members that one transaction evaluates.
const evaluateBatch = 500

// evaluateArgs are the arguments of the job that evaluates a badge for all members.
type evaluateArgs struct {
	CommunityID string `json:"communityId"`
	BadgeID     string `json:"badgeId"`
}

// Kind is the kind of the job.
func (evaluateArgs) Kind() string { return "badge.evaluate" }

// Evaluate queues the evaluation of an automatic badge for all members. It fails as Award
// does, or with Conflict "not_automatic" or "evaluation_running".
func (s *Awards) Evaluate(ctx context.Context, caller actor.Actor, communityID, badgeID string) (badge.Badge, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return badge.Badge{}, err
	}
	var b badge.Badge
	return b, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if b, err = badge.Lock(ctx, tx, communityID, badgeID); err != nil {
			return err
		}
		if !b.IsAutomatic() {
			return errs.New(errs.Conflict, "not_automatic", "This badge has no conditions to evaluate. Award it to members.")
		}
		if b.Evaluation.State == badge.Running {
			return errs.New(errs.Conflict, "evaluation_running", "The badge is being evaluated. Wait for the end.")
		}
		b.Evaluation = badge.Evaluation{State: badge.Running, StartedAt: s.d.Clock.MS()}
		if err := badge.SetEvaluation(ctx, tx, communityID, badgeID, b.Evaluation); err != nil {
			return err
		}
		if _, err := jobs.Insert(ctx, tx, evaluateArgs{communityID, badgeID}, jobs.Options{Unique: communityID + badgeID, CommunityID: communityID, Owner: caller.Uploader(), Lane: jobs.Large}); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "badge.evaluate", b, "")
	})
}

// evaluateAll evaluates a badge from the saved position to the end.
func (s *Awards) evaluateAll(ctx context.Context, j *jobs.Job, a evaluateArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) { return s.evaluateNext(ctx, tx, a) })
}

// evaluateNext evaluates the next members and reports whether they were the last ones.
func (s *Awards) evaluateNext(ctx context.Context, tx *sqldb.Tx, a evaluateArgs) (done bool, err error) {
	b, err := badge.Load(ctx, tx, a.CommunityID, a.BadgeID)
	if errs.KindOf(err) == errs.NotFound {
		return true, nil // deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	e := b.Evaluation
	ids, err := count.MembersAfter(ctx, tx, a.CommunityID, e.After, evaluateBatch)
	if err != nil {
		return false, err
	}
	if b.IsAutomatic() && len(ids) > 0 {
		made, err := s.awardReached(ctx, tx, a.CommunityID, []badge.Badge{b}, ids, nil)
		if err != nil {
			return false, err
		}
		e.Checked, e.Awarded, e.After = e.Checked+int64(len(ids)), e.Awarded+int64(len(made)), ids[len(ids)-1]
	}
	if done = len(ids) < evaluateBatch || !b.IsAutomatic(); done {
		e.State, e.FinishedAt = badge.Done, s.d.Clock.MS()
	}
	return done, badge.SetEvaluation(ctx, tx, a.CommunityID, a.BadgeID, e)
}

// endFailed ends the evaluation of a job that was given up.
func (s *Awards) endFailed(ctx context.Context, tx *sqldb.Tx, a evaluateArgs, _ jobs.Cause) error {
	b, err := badge.Lock(ctx, tx, a.CommunityID, a.BadgeID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	b.Evaluation.State, b.Evaluation.FinishedAt = badge.Failed, s.d.Clock.MS()
	return badge.SetEvaluation(ctx, tx, a.CommunityID, a.BadgeID, b.Evaluation)
}

// awardReached awards automatic badges to those of some members that meet their conditions
// and never had them. at has the time of a member's activity; absent: now.
func (s *Awards) awardReached(ctx context.Context, tx *sqldb.Tx, communityID string, badges []badge.Badge, ids []string, at map[string]int64) ([]Award, error) {
	grants, err := s.due(ctx, tx, communityID, badges, ids, at)
	if err != nil || len(grants) == 0 {
		return nil, err
	}
	return s.AwardAll(ctx, tx, communityID, grants)
}

// due returns what awardReached awards.
func (s *Awards) due(ctx context.Context, tx *sqldb.Tx, communityID string, badges []badge.Badge, ids []string, at map[string]int64) ([]Grant, error) {
	if slices.ContainsFunc(badges, func(b badge.Badge) bool { return b.ComparesFields() }) {
		if err := cause.Examine(ctx, tx, communityID); err != nil {
			return nil, err
		}
	}
	reached, err := s.reached(ctx, tx, communityID, badges, ids)
	if err != nil || len(reached) == 0 {
		return nil, err
	}
	had, err := selectHad(ctx, tx, communityID, ids)
	if err != nil {
		return nil, err
	}
	var grants []Grant
	for _, g := range reached {
		if !had[pair{g.Badge.ID, g.UserID}] {
			g.At = at[g.UserID]
			grants = append(grants, g)
		}
	}
	return s.withCauses(ctx, tx, communityID, grants)
}

// reached returns which members meet the conditions of which badges.
func (s *Awards) reached(ctx context.Context, q sqldb.Querier, communityID string, badges []badge.Badge, ids []string) (list []Grant, err error) {
	needs := make([]condition.Node, len(badges))
	for i := range badges {
		needs[i] = badges[i].Needs()
	}
	now, err := figure.Now(ctx, q, s.d.Clock, communityID)
	if err != nil {
		return nil, err
	}
	values, err := count.Values(ctx, q, now, communityID, ids, needs, count.Span{})
	if err != nil {
		return nil, err
	}
	for i := range badges {
		for _, memberID := range ids {
			if v, known := values[memberID]; known && needs[i].Met(v) {
				list = append(list, Grant{Badge: badges[i], UserID: memberID})
			}
		}
	}
	return list, nil
}

// handle awards the badges that the members of events have reached.
func (s *Awards) handle(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	at := map[string]int64{}
	for i := range batch {
		if e := &batch[i]; e.UserID != "" && !e.Erased {
			at[e.UserID] = max(at[e.UserID], e.OccurredAt)
		}
	}
	return s.checkSome(ctx, tx, batch[0].CommunityID, at)
}

// checkMembers checks members that earned something.
func (s *Awards) checkMembers(ctx context.Context, j *jobs.Job, a badge.CheckArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) {
		at := make(map[string]int64, len(a.UserIDs))
		for _, memberID := range a.UserIDs {
			at[memberID] = a.At
		}
		return true, s.checkSome(ctx, tx, a.CommunityID, at)
	})
}

// checkSome awards the badges that some members have reached; at has the time of what each
// did.
func (s *Awards) checkSome(ctx context.Context, tx *sqldb.Tx, communityID string, at map[string]int64) error {
	if len(at) == 0 {
		return nil
	}
	badges, err := badge.Automatic(ctx, tx, communityID)
	if err != nil || len(badges) == 0 {
		return err
	}
	_, err = s.awardReached(ctx, tx, communityID, badges, slices.Sorted(maps.Keys(at)), at)
	return err
}

// Preview counts the members that meet the conditions of a badge that is not stored. It
// fails as badge.Badges.Create does.
func (s *Awards) Preview(ctx context.Context, caller actor.Actor, communityID string, in badge.Input) (count.Preview, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return count.Preview{}, err
	}
	fields, err := field.List(ctx, s.d.DB, communityID)
	if err != nil {
		return count.Preview{}, err
	}
	b, err := in.Draft(fields)
	if err != nil || !b.IsAutomatic() {
		return count.Preview{}, err
	}
	return count.NewPreview(ctx, s.d.DB, communityID, func(ids []string) (int, error) {
		reached, err := s.reached(ctx, s.d.DB, communityID, []badge.Badge{b}, ids)
		return len(reached), err
	})
}
