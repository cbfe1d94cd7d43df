package report

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
)

// Action is what resolves a report, by its name on the wire.
type Action string

// Actions.
const (
	Dismiss Action = "dismiss"
	Delete  Action = "delete" // the message
	Warn    Action = moderation.Warn
	Suspend Action = moderation.Suspend
	Ban     Action = moderation.Ban
)

// Actions are all actions, from mild to severe.
var Actions = []Action{Dismiss, Delete, Warn, Suspend, Ban}

// imposesPenalty reports whether the action is a penalty of the author.
func (a Action) imposesPenalty() bool { return a == Warn || a == Suspend || a == Ban }

// Decision resolves a report.
type Decision struct {
	Action Action
	Reason string // 1 to 500 characters
	Until  int64  // of a suspension, Unix milliseconds
}

// Resolve ends a report. Delete deletes the message; a penalty leaves it, and needs its own
// permission. It fails as List does, with Invalid "invalid_input", NotFound
// "report_not_found", Conflict "already_resolved", or as moderation.Penalise does.
func (r *Reports) Resolve(ctx context.Context, caller actor.Actor, communityID, reportID string, by Decision) (Report, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return Report{}, err
	}
	penalty, err := r.check(ctx, caller, communityID, &by)
	if err != nil {
		return Report{}, err
	}
	err = r.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		one, err := lock(ctx, tx, communityID, reportID)
		if err != nil {
			return err
		}
		if one.Status == Resolved {
			return errs.New(errs.Conflict, "already_resolved", "This report is resolved already.")
		}
		one.Status, one.Resolution = Resolved, Resolution{Action: by.Action, Reason: by.Reason, Actor: caller.Ref(), ActorName: caller.Name, At: r.d.Clock.MS()}
		switch {
		case by.Action.imposesPenalty():
			one.Resolution.PenaltyID, err = r.penalise(ctx, tx, caller, communityID, one, penalty)
		case by.Action == Delete:
			_, err = r.d.Changes.Remove(ctx, tx, caller, communityID, one.MessageID)
		}
		if err != nil {
			return err
		}
		if err := setResolved(ctx, tx, communityID, one); err != nil {
			return err
		}
		return r.record(ctx, tx, caller, communityID, one)
	})
	if err != nil {
		return Report{}, err
	}
	return r.get(ctx, caller, communityID, reportID)
}

// check checks a decision and what its actor may do, and returns its penalty.
func (r *Reports) check(ctx context.Context, caller actor.Actor, communityID string, by *Decision) (penalty moderation.PenaltyInput, err error) {
	if !slices.Contains(Actions, by.Action) {
		return penalty, errs.InvalidFields([]errs.Field{errs.Wrong("action", "invalid", "An action is one of dismiss, delete, warn, suspend and ban.")})
	}
	if by.Reason, err = validReason(by.Reason); err != nil {
		return penalty, err
	}
	if by.Action.imposesPenalty() {
		return r.d.Moderation.CheckPenalty(ctx, caller, communityID, moderation.PenaltyInput{Kind: string(by.Action), Reason: by.Reason, Until: by.Until})
	}
	if by.Until != 0 {
		err = errs.InvalidFields([]errs.Field{errs.Wrong("until", "not_allowed", "Only a suspension has an end.")})
	}
	return penalty, err
}

// penalise imposes a penalty on the author of the message and returns its id.
func (r *Reports) penalise(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, one Report, in moderation.PenaltyInput) (string, error) {
	if one.AuthorID == "" {
		return "", member.ErrUserNotFound()
	}
	in.User = one.AuthorID
	imposed, err := r.d.Moderation.Impose(ctx, tx, caller, communityID, in)
	return imposed.ID, err
}

// record audits the resolution, without the text of the message.
func (r *Reports) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, one Report) error {
	target := audit.Target{Type: "report", ID: one.ID}
	found, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: []string{one.AuthorID}}, false)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		target.Name = found[0].Username
	}
	return audit.Record(ctx, tx, caller, one.Resolution.At, communityID, "report.resolve", target,
		audit.Change{Field: "action", New: string(one.Resolution.Action)}, audit.Change{Field: "reason", New: one.Resolution.Reason})
}
