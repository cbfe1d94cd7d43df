package api

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
)

type auditEntry struct {
	ID        string         `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	At        string         `json:"at" format:"date-time"`
	Actor     string         `json:"actor" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command."`
	ActorName string         `json:"actorName" example:"ada" doc:"As it was then."`
	Action    string         `json:"action" example:"role.update" doc:"noun.verb"`
	Target    audit.Target   `json:"target"`
	Changes   []audit.Change `json:"changes" nullable:"false"`
}

func wireAudit(e audit.Entry) auditEntry {
	return auditEntry{
		ID: e.ID, At: clock.Format(e.At), Actor: e.Actor, ActorName: e.ActorName, Action: e.Action, Target: e.Target, Changes: e.Changes,
	}
}

type auditQuery struct {
	ServerPath
	CursorInput
	Actor  string    `query:"actor" maxLength:"100" doc:"Only what this one did: account:<_id>, key:<_id> or command."`
	Action string    `query:"action" maxLength:"100" doc:"Only this action, such as role.update; with a dot at its end every action on that noun: role."`
	Target string    `query:"target" maxLength:"100" doc:"Only what was done to the thing with this id."`
	From   time.Time `query:"from" doc:"From this moment on."`
	To     time.Time `query:"to" doc:"Before this moment."`
}

func (a *API) listAuditLog(ctx context.Context, in *auditQuery) (*list[auditEntry, cursor], error) {
	f := audit.Filter{Actor: in.Actor, Action: in.Action, Target: in.Target, From: in.From.UnixMilli(), To: in.To.UnixMilli(), Cursor: in.Cursor, Limit: in.Limit}
	if in.From.IsZero() {
		f.From = 0
	}
	if in.To.IsZero() {
		f.To = 0
	}
	entries, next, err := a.Members.AuditLog(ctx, here(ctx), f)
	if err != nil {
		return nil, err
	}
	return respondList("Audit log", convert(entries, wireAudit), cursorMeta(in.Limit, next)), nil
}
