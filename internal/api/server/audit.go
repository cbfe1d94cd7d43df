package server

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) auditRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers/{serverId}/audit-log", ID: "listAuditLog", Summary: "List the audit log",
		Permissions: manageCommunity,
		Description: "Actions of people and keys in the community, newest first.",
	}, h.listAuditLog)
}

type auditEntry struct {
	ID        string         `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	At        string         `json:"at" format:"date-time"`
	Actor     string         `json:"actor" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command."`
	ActorName string         `json:"actorName" example:"ada" doc:"The name at that time."`
	Action    string         `json:"action" example:"role.update" doc:"noun.verb"`
	Target    audit.Target   `json:"target"`
	Changes   []audit.Change `json:"changes" nullable:"false"`
}

func newAuditEntry(e audit.Entry) auditEntry {
	return auditEntry{
		ID: e.ID, At: clock.Format(e.At), Actor: e.Actor, ActorName: e.ActorName, Action: string(e.Action), Target: e.Target, Changes: e.Changes,
	}
}

type auditQuery struct {
	wire.ServerPath
	wire.CursorInput
	Actor  string    `query:"actor" maxLength:"100" doc:"Only actions of this actor: account:<_id>, key:<_id> or command."`
	Action string    `query:"action" maxLength:"100" doc:"Only this action, such as role.update; with a trailing dot (role.) all actions on that noun."`
	Target string    `query:"target" maxLength:"100" doc:"Only actions on the object with this id."`
	From   time.Time `query:"from" doc:"Only actions from this time on."`
	To     time.Time `query:"to" doc:"Only actions before this time."`
}

func (h *handlers) listAuditLog(ctx context.Context, in *auditQuery) (*api.List[auditEntry, wire.Cursor], error) {
	f := audit.Filter{Actor: in.Actor, Action: in.Action, Target: in.Target, From: in.From.UnixMilli(), To: in.To.UnixMilli(), Cursor: in.Cursor, Limit: in.Limit}
	if in.From.IsZero() {
		f.From = 0
	}
	if in.To.IsZero() {
		f.To = 0
	}
	entries, next, err := h.access.AuditLog(ctx, actor.FromContext(ctx), api.CommunityID(ctx), f)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Audit log", api.Convert(entries, newAuditEntry), wire.NewCursor(in.Limit, next)), nil
}
