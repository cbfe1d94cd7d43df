package tier

import (
	"context"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/sqldb"
)

// batchSize is the number of members that one transaction of the job examines.
const batchSize = 500

// recomputeArgs are the arguments of the job that moves members after a change of tiers.
type recomputeArgs struct {
	CommunityID string `json:"communityId"`
}

// Kind is the kind of the job.
func (recomputeArgs) Kind() string { return "tier.recompute" }

// recompute moves the members of a community from the stored position to the end. A change
// of the tiers meanwhile starts at the first member again. It may run again after a crash.
func (t *Tiers) recompute(ctx context.Context, j *jobs.Job, a recomputeArgs) error {
	return j.Batches(ctx, func(tx *sqldb.Tx) (done bool, err error) { return t.recomputeBatch(ctx, tx, a.CommunityID) }, sqldb.WithoutGroupCommit)
}

// recomputeBatch moves the next members.
func (t *Tiers) recomputeBatch(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error) {
	if err := tx.LockShared(ctx, assign.RolesGuard(communityID)); err != nil { // before the settings, as where roles are deleted
		return false, err
	}
	s, err := level.Lock(ctx, tx, communityID)
	if err != nil || !s.Recomputing {
		return true, err
	}
	ids, err := lockMembers(ctx, tx, communityID, s.After, batchSize)
	if err != nil {
		return false, err
	}
	if s.Active() && len(ids) > 0 {
		base, _ := s.StepOf(s.Base)
		if err := t.settle(ctx, tx, communityID, &s, ids, base); err != nil {
			return false, err
		}
	}
	if done = len(ids) < batchSize || !s.Active(); done {
		s.Recomputing, s.After = false, ""
	} else {
		s.After = ids[len(ids)-1]
	}
	return done, level.Save(ctx, tx, communityID, s)
}

// settle moves members with locked rows to the places of their XP, from a step if they have
// no position. Those without XP that
// never had a position get one for a role only.
func (t *Tiers) settle(ctx context.Context, tx *sqldb.Tx, communityID string, s *level.Settings, ids []string, from int) error {
	xp, err := balances(ctx, tx, communityID, ids)
	if err != nil {
		return err
	}
	list := make([]climb, len(ids))
	for i, userID := range ids {
		amount := xp[userID]
		list[i] = climb{userID: userID, xp: amount, from: from, quiet: amount == 0}
	}
	return t.place(ctx, tx, communityID, s, list)
}

// follow handles events: new members get the role of the first tier, and a role that
// someone removed no longer belongs to the tier.
func (t *Tiers) follow(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	communityID := batch[0].CommunityID
	s, err := level.Load(ctx, tx, communityID)
	if err != nil || len(s.Tiers) == 0 {
		return err
	}
	var joined []string
	removed := map[string][]string{}
	for i := range batch {
		e := &batch[i]
		switch {
		case e.Erased:
		case e.Type == member.EventRoleRemoved && e.Actor != "":
			var data member.UserRole
			if err := e.Decode(&data); err != nil {
				return err
			}
			removed[data.RoleID] = append(removed[data.RoleID], e.UserID)
		case e.Type == member.EventJoined:
			joined = append(joined, e.UserID)
		case e.Type == eventImported:
			ids, err := event.Created(e)
			if err != nil {
				return err
			}
			for userID := range ids.All() {
				joined = append(joined, userID)
			}
		}
	}
	for roleID, userIDs := range removed {
		if err := level.Disown(ctx, tx, communityID, roleID, userIDs); err != nil {
			return err
		}
	}
	if len(joined) == 0 || !s.Active() || roleOf(&s, s.Step(0)) == "" {
		return nil
	}
	if err := lockSome(ctx, tx, communityID, joined); err != nil {
		return err
	}
	return t.settle(ctx, tx, communityID, &s, joined, s.Step(0))
}

// ForgetRole removes a deleted role from tiers. It is an assign.RoleDeleted.
func ForgetRole(ctx context.Context, tx *sqldb.Tx, communityID, roleID string) error {
	s, err := level.Lock(ctx, tx, communityID)
	if err != nil {
		return err
	}
	named := false
	for i := range s.Tiers {
		if s.Tiers[i].RoleID == roleID {
			s.Tiers[i].RoleID, named = "", true
		}
	}
	if !named {
		return nil
	}
	s.Version++
	if err := level.Disown(ctx, tx, communityID, roleID, nil); err != nil {
		return err
	}
	return level.Save(ctx, tx, communityID, s)
}
