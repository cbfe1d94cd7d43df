package moderation

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// The kinds of penalties.
const (
	Warn    = "warn"    // recorded only
	Suspend = "suspend" // no access until its end
	Kick    = "kick"    // removed, may join again
	Ban     = "ban"     // removed, may not join again
)

// PenaltyKinds are the kinds, from mild to severe.
var PenaltyKinds = []string{Warn, Suspend, Kick, Ban}

// PermissionOf returns the permission to impose or lift a penalty of a kind; ok is false
// for what is no kind.
func PermissionOf(kind string) (need actor.Permission, ok bool) {
	need, ok = requiredPermission[kind]
	return need, ok
}

var requiredPermission = map[string]actor.Permission{Warn: permission.Warn, Suspend: permission.Suspend, Kick: permission.Kick, Ban: permission.Ban}

// Penalty is an entry of the misconduct log.
type Penalty struct {
	ID         string
	UserID     string
	Kind       string
	Reason     string
	Until      int64            // of a suspension, Unix milliseconds; else 0
	Actor      string           // actor.Actor.Ref
	ActorName  string           // as it was then
	CreatedAt  int64            // Unix milliseconds
	LiftedAt   int64            // Unix milliseconds, 0: not lifted
	LiftedBy   string           // actor.Actor.Ref
	LifterName string           // as it was then
	Member     directory.Person // without a username after erasure
}

// InForce reports whether a penalty still restricts the member.
func (s *Moderation) InForce(p Penalty) bool {
	return p.LiftedAt == 0 && (p.Kind == Ban || p.Kind == Suspend && p.Until > s.clock.MS())
}

// PenaltyInput describes a new penalty.
type PenaltyInput struct {
	User   string // a reference as in Directory.Find; for a ban also of a former member
	Kind   string
	Reason string // 1 to 500 characters
	Until  int64  // of a suspension, Unix milliseconds
}

const (
	maxReason     = 500
	maxSuspension = 10 * 366 * 24 * time.Hour
)

func (in PenaltyInput) normal(now int64) (PenaltyInput, error) {
	var wrong []errs.Field
	check := func(ok bool, field, message string) {
		if !ok {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: message})
		}
	}
	check(slices.Contains(PenaltyKinds, in.Kind), "kind", "A penalty is one of warn, suspend, kick and ban.")
	reason, ok := text.Line(field.OneLine(in.Reason), maxReason)
	in.Reason = reason
	check(ok && reason != "", "reason", "A reason has 1 to 500 characters.")
	if in.Kind == Suspend {
		check(in.Until > now && in.Until <= now+maxSuspension.Milliseconds(), "until", "A suspension has an end within the next ten years.")
	} else {
		check(in.Until == 0, "until", "Only a suspension has an end.")
	}
	return in, errs.InvalidFields(wrong)
}

// Penalise imposes a penalty on a member ranked below the actor, who needs the
// permission of its kind. It fails as access.Can does, with Invalid
// "invalid_input", NotFound "user_not_found", Forbidden "rank_too_low" or
// "not_yourself", or Conflict "owner_protected", "already_banned",
// "member_left", "member_banned" or "member_pending".
func (s *Moderation) Penalise(ctx context.Context, caller actor.Actor, communityID string, in PenaltyInput) (Penalty, error) {
	in, err := s.CheckPenalty(ctx, caller, communityID, in)
	if err != nil {
		return Penalty{}, err
	}
	var given Penalty
	return given, s.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		given, err = s.Impose(ctx, tx, caller, communityID, in)
		return err
	})
}

// CheckPenalty is the part of Penalise before its transaction: it checks the permission
// of the actor and every field but the member, and returns the input for Impose.
func (s *Moderation) CheckPenalty(ctx context.Context, caller actor.Actor, communityID string, in PenaltyInput) (PenaltyInput, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.ViewPenalties); err != nil {
		return in, err
	}
	in, err := in.normal(s.clock.MS())
	if err != nil {
		return in, err
	}
	return in, s.access.Can(ctx, caller, communityID, requiredPermission[in.Kind])
}

// Impose is the part of Penalise in its transaction, after CheckPenalty.
func (s *Moderation) Impose(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, in PenaltyInput) (Penalty, error) {
	target, err := directory.Load(ctx, tx, communityID, in.User, member.Active, member.Pending, member.Left, member.Banned)
	if err != nil {
		return Penalty{}, err
	}
	now := s.clock.Now()
	given := Penalty{
		ID: id.New(now), UserID: target.ID, Kind: in.Kind, Reason: in.Reason, Until: in.Until, Actor: caller.Ref(), ActorName: caller.Name,
		CreatedAt: now.UnixMilli(), Member: directory.Person{ID: target.ID, Number: target.Number, Username: target.Username},
	}
	who, err := s.lockBelow(ctx, tx, caller, communityID, target.ID)
	if err != nil {
		return given, err
	}
	if err := suits(in.Kind, who); err != nil {
		return given, err
	}
	if err := insertPenalty(ctx, tx, communityID, given); err != nil {
		return given, err
	}
	if err := s.apply(ctx, tx, caller, communityID, who, given); err != nil {
		return given, err
	}
	return given, auditPenalty(ctx, tx, caller, communityID, "penalty.create", given, given.CreatedAt)
}

// lockBelow locks a member that is ranked below the actor.
func (s *Moderation) lockBelow(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID, userID string) (*member.Record, error) {
	found, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: []string{userID}}, true)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !found[0].IsMember() {
		return nil, member.ErrUserNotFound()
	}
	if found[0].Is(actor) {
		return nil, errs.New(errs.Forbidden, "not_yourself", "You cannot impose or lift a penalty on yourself.")
	}
	if err := access.RequireHigherRank(ctx, tx, member.Memberships{}, actor, communityID, userID); err != nil {
		return nil, err
	}
	if found[0].Owner {
		return nil, errs.New(errs.Conflict, "owner_protected", "An owner of the community cannot be penalised.")
	}
	return found[0], nil
}

// suits returns nil if a member can get a penalty of the kind in its present
// state.
func suits(kind string, who *member.Record) error {
	switch {
	case who.State == member.Active, kind == Ban && who.State != member.Banned:
		return nil
	case kind == Ban:
		return errs.New(errs.Conflict, "already_banned", "This member is already banned.")
	case who.State == member.Pending:
		return errs.New(errs.Conflict, "member_pending", "This person has not joined the community yet.")
	}
	code, message := member.InactiveReason(who.State)
	return errs.Constant(message).Error(errs.Conflict, code)
}

// apply applies the effect of a penalty.
func (s *Moderation) apply(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, who *member.Record, p Penalty) error {
	source := member.Source{Type: "penalty", ID: p.ID}
	switch p.Kind {
	case Suspend:
		if err := suspend(ctx, tx, communityID, who.ID); err != nil {
			return err
		}
		return transfer.CancelOf(ctx, tx, by, communityID, []string{who.ID}, p.CreatedAt)
	case Kick:
		return depart(ctx, tx, by, communityID, who, departure{to: member.Left, cause: Kick, source: source, now: p.CreatedAt})
	case Ban:
		return depart(ctx, tx, by, communityID, who, departure{to: member.Banned, cause: Ban, source: source, now: p.CreatedAt})
	}
	return nil
}

// LiftPenalty ends a penalty: a suspension ends, a banned member may join
// again. The entry stays in the log. It fails as Penalise does, with NotFound
// "penalty_not_found" or Conflict "already_lifted".
func (s *Moderation) LiftPenalty(ctx context.Context, caller actor.Actor, communityID, penaltyID string) (Penalty, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.ViewPenalties); err != nil {
		return Penalty{}, err
	}
	p, err := loadPenalty(ctx, s.db, communityID, penaltyID)
	if err != nil {
		return p, err
	}
	if err := s.access.Can(ctx, caller, communityID, requiredPermission[p.Kind]); err != nil {
		return p, err
	}
	now := s.clock.MS()
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		who, err := s.lockBelow(ctx, tx, caller, communityID, p.UserID)
		if err != nil {
			return err
		}
		p.LiftedAt, p.LiftedBy, p.LifterName = now, caller.Ref(), caller.Name
		lifted, err := setLifted(ctx, tx, communityID, p)
		if err != nil {
			return err
		}
		if !lifted {
			return errs.New(errs.Conflict, "already_lifted", "This penalty is already lifted.")
		}
		if p.Kind == Suspend {
			err = suspend(ctx, tx, communityID, p.UserID)
		} else if p.Kind == Ban {
			err = unban(ctx, tx, caller, communityID, who, now)
		}
		if err != nil {
			return err
		}
		return auditPenalty(ctx, tx, caller, communityID, "penalty.lift", p, now)
	})
	return p, err
}

// suspend sets the end of the suspensions of a member.
func suspend(ctx context.Context, tx *sqldb.Tx, communityID, userID string) error {
	until, err := suspendedUntil(ctx, tx, communityID, userID)
	if err != nil {
		return err
	}
	return member.SetSuspended(ctx, tx, communityID, userID, until)
}

// unban lets a banned member join again; a deleted one after it is restored.
func unban(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, who *member.Record, now int64) error {
	switch who.State {
	case member.Banned:
		_, err := member.SetState(ctx, tx, by, communityID, []string{who.ID}, member.Left, now)
		return err
	case member.Deleted:
		return member.ForgetBan(ctx, tx, communityID, who.ID)
	}
	return nil
}

func auditPenalty(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, action audit.Verb, p Penalty, now int64) error {
	changes := []audit.Change{{Field: "kind", New: p.Kind}, {Field: "reason", New: p.Reason}}
	if p.Until != 0 {
		changes = append(changes, audit.Change{Field: "until", New: clock.Format(p.Until)})
	}
	if action == "penalty.lift" {
		for i := range changes {
			changes[i].Old, changes[i].New = changes[i].New, nil
		}
	}
	return audit.Record(ctx, tx, by, now, communityID, action, audit.Target{Type: "penalty", ID: p.ID, Name: p.Member.Username}, changes...)
}

// PenaltyFilter selects entries of the misconduct log; empty fields select all.
type PenaltyFilter struct {
	User   string // a reference as in Directory.Find, in any state
	Kind   string
	Cursor string
	Limit  int
}

// Penalties returns a page of the misconduct log, newest first, and the cursor
// of the next page, "" at the end. It fails with NotFound "user_not_found".
func (s *Moderation) Penalties(ctx context.Context, caller actor.Actor, communityID string, f PenaltyFilter) ([]Penalty, string, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.ViewPenalties); err != nil {
		return nil, "", err
	}
	if f.User != "" {
		who, err := directory.Load(ctx, s.db, communityID, f.User, member.Active, member.Pending, member.Left, member.Banned, member.Deleted)
		if err != nil {
			return nil, "", err
		}
		f.User = who.ID
	}
	found, err := selectPenalties(ctx, s.db, communityID, f)
	if err != nil || len(found) <= f.Limit {
		return found, "", err
	}
	return found[:f.Limit], found[f.Limit-1].ID, nil
}
