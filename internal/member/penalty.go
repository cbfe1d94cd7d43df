package member

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// The kinds of penalties.
const (
	Warn    = "warn"    // is written down, nothing else
	Suspend = "suspend" // may do nothing here until its end
	Kick    = "kick"    // is no member any more, and may join again
	Ban     = "ban"     // is no member any more, and may not join again
)

// PenaltyKinds lists the kinds, the mildest first.
var PenaltyKinds = []string{Warn, Suspend, Kick, Ban}

// mayGive is what somebody needs to give a penalty of a kind.
var mayGive = map[string]actor.Permission{Warn: access.PermWarn, Suspend: access.PermSuspend, Kick: access.PermKick, Ban: access.PermBan}

// Penalty is an entry of the misconduct log.
type Penalty struct {
	ID         string
	UserID     string
	Kind       string
	Reason     string
	Until      int64  // of a suspension, Unix milliseconds; else 0
	Actor      string // actor.Actor.Ref of who gave it
	ActorName  string // as it was then
	CreatedAt  int64  // Unix milliseconds
	LiftedAt   int64  // Unix milliseconds, 0: not lifted
	LiftedBy   string // actor.Actor.Ref
	LifterName string // as it was then
	Member     Person // whom it was given to; without a username when their account is gone
}

// InForce reports whether a penalty still keeps the member from something.
func (s *Members) InForce(p Penalty) bool {
	return p.LiftedAt == 0 && (p.Kind == Ban || p.Kind == Suspend && p.Until > s.clock.MS())
}

// PenaltyInput is what a new penalty is made from.
type PenaltyInput struct {
	User   string // a reference as Find takes it; a ban also reaches who has left
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

// Penalise gives a member a penalty. The actor needs the permission of its kind
// and a rank above the member's. It fails as access.Can does, with Invalid
// "invalid_input", NotFound "user_not_found", Forbidden "rank_too_low" or
// "not_yourself", or Conflict "owner_protected", "already_banned",
// "member_left", "member_banned" or "member_pending".
func (s *Members) Penalise(ctx context.Context, caller actor.Actor, communityID string, in PenaltyInput) (Penalty, error) {
	now := s.clock.Now()
	in, err := in.normal(now.UnixMilli())
	if err != nil {
		return Penalty{}, err
	}
	if err := s.connected.Access.Can(ctx, caller, communityID, mayGive[in.Kind]); err != nil {
		return Penalty{}, err
	}
	target, err := s.FindIn(ctx, communityID, in.User, Active, Pending, Left, Banned)
	if err != nil {
		return Penalty{}, err
	}
	given := Penalty{
		ID: id.New(now), UserID: target.ID, Kind: in.Kind, Reason: in.Reason, Until: in.Until, Actor: caller.Ref(), ActorName: caller.Name,
		CreatedAt: now.UnixMilli(), Member: Person{target.ID, target.Number, target.Username},
	}
	ctx = actor.NewContext(ctx, caller)
	return given, s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		who, err := s.below(ctx, tx, caller, communityID, target.ID)
		if err != nil {
			return err
		}
		if err := suits(in.Kind, who); err != nil {
			return err
		}
		if err := insertPenalty(ctx, tx, communityID, given); err != nil {
			return err
		}
		if err := s.inflict(ctx, tx, communityID, who, given); err != nil {
			return err
		}
		return notePenalty(ctx, tx, communityID, "penalty.create", given, given.CreatedAt)
	})
}

// below returns a member, locked, who stands below the actor.
func (s *Members) below(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID, userID string) (*Record, error) {
	found, err := Lookup(ctx, tx, communityID, KeySet{IDs: []string{userID}}, true)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !found[0].IsMember() {
		return nil, errUserNotFound()
	}
	if isSelf(actor, found[0]) {
		return nil, errs.New(errs.Forbidden, "not_yourself", "Nobody gives or lifts a penalty of their own.")
	}
	if err := access.RequireHigherRank(ctx, tx, Memberships{}, actor, communityID, userID); err != nil {
		return nil, err
	}
	if found[0].Owner {
		return nil, errs.New(errs.Conflict, "owner_protected", "An owner of the community cannot be penalised.")
	}
	return found[0], nil
}

// suits returns nil when a penalty of the kind makes sense for who is in this
// state.
func suits(kind string, who *Record) error {
	switch {
	case who.State == Active, kind == Ban && who.State != Banned:
		return nil
	case kind == Ban:
		return errs.New(errs.Conflict, "already_banned", "This member is banned already.")
	case who.State == Pending:
		return errs.New(errs.Conflict, "member_pending", "This person has not joined the community yet.")
	}
	code, message := Away(who.State)
	return errs.New(errs.Conflict, code, "%s", message)
}

// inflict does what a penalty means.
func (s *Members) inflict(ctx context.Context, tx *sqldb.Tx, communityID string, who *Record, p Penalty) error {
	source := Source{Type: "penalty", ID: p.ID}
	switch p.Kind {
	case Suspend:
		if err := suspend(ctx, tx, communityID, who.ID); err != nil {
			return err
		}
		return cancelTransfers(ctx, tx, communityID, []string{who.ID}, p.CreatedAt)
	case Kick:
		return depart(ctx, tx, communityID, who, departure{to: Left, cause: Kick, source: source, now: p.CreatedAt})
	case Ban:
		return depart(ctx, tx, communityID, who, departure{to: Banned, cause: Ban, source: source, now: p.CreatedAt})
	}
	return nil
}

// LiftPenalty takes a penalty back, with what it does: a suspension ends, who
// was banned may join again. It stays in the log. It fails as Penalise does,
// with NotFound "penalty_not_found" or Conflict "already_lifted".
func (s *Members) LiftPenalty(ctx context.Context, caller actor.Actor, communityID, penaltyID string) (Penalty, error) {
	p, err := loadPenalty(ctx, s.db, communityID, penaltyID)
	if err != nil {
		return p, err
	}
	if err := s.connected.Access.Can(ctx, caller, communityID, mayGive[p.Kind]); err != nil {
		return p, err
	}
	now := s.clock.MS()
	ctx = actor.NewContext(ctx, caller)
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		who, err := s.below(ctx, tx, caller, communityID, p.UserID)
		if err != nil {
			return err
		}
		p.LiftedAt, p.LiftedBy, p.LifterName = now, caller.Ref(), caller.Name
		lifted, err := setLifted(ctx, tx, communityID, p)
		if err != nil {
			return err
		}
		if !lifted {
			return errs.New(errs.Conflict, "already_lifted", "This penalty was lifted already.")
		}
		if p.Kind == Suspend {
			err = suspend(ctx, tx, communityID, p.UserID)
		} else if p.Kind == Ban {
			err = unban(ctx, tx, communityID, who, now)
		}
		if err != nil {
			return err
		}
		return notePenalty(ctx, tx, communityID, "penalty.lift", p, now)
	})
	return p, err
}

// unban lets who was banned join again: a deleted member once they are
// restored.
func unban(ctx context.Context, tx *sqldb.Tx, communityID string, who *Record, now int64) error {
	switch who.State {
	case Banned:
		_, err := SetState(ctx, tx, communityID, []string{who.ID}, Left, now)
		return err
	case Deleted:
		return forgetBan(ctx, tx, communityID, who.ID)
	}
	return nil
}

func notePenalty(ctx context.Context, tx *sqldb.Tx, communityID, action string, p Penalty, now int64) error {
	changes := []audit.Change{{Field: "kind", New: p.Kind}, {Field: "reason", New: p.Reason}}
	if p.Until != 0 {
		changes = append(changes, audit.Change{Field: "until", New: clock.Format(p.Until)})
	}
	if action == "penalty.lift" {
		for i := range changes {
			changes[i].Old, changes[i].New = changes[i].New, nil
		}
	}
	return audit.Record(ctx, tx, now, communityID, action, audit.Target{Type: "penalty", ID: p.ID, Name: p.Member.Username}, changes...)
}

// PenaltyFilter chooses entries of the misconduct log; what is empty does not
// choose.
type PenaltyFilter struct {
	User   string // a reference as Find takes it, in whatever state
	Kind   string
	Cursor string
	Limit  int
}

// Penalties returns a page of the misconduct log, the newest first, and the
// cursor of the next page ("": none). It fails with NotFound "user_not_found".
func (s *Members) Penalties(ctx context.Context, communityID string, f PenaltyFilter) ([]Penalty, string, error) {
	if f.User != "" {
		who, err := s.FindIn(ctx, communityID, f.User, Active, Pending, Left, Banned, Deleted)
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
