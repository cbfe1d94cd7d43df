package api

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

var manageUsers = []actor.Permission{access.PermManageUser}

type userOrder struct {
	Body struct {
		CommunityID string    `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string    `json:"serverId,omitempty" doc:"The same by another name."`
		Action      string    `json:"action" example:"delete" doc:"delete or restore."`
		User        reference `json:"user" doc:"_id, number, email, username, or external: and the external id."`
	} `nameHint:"UserOrder"`
}

type managedUser struct {
	ID       string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID   int64  `json:"userId" example:"1042"`
	State    string `json:"state" enum:"active,pending,left,banned,deleted" doc:"What the membership is now."`
	ErasedAt string `json:"erasedAt,omitempty" format:"date-time" doc:"Of who is deleted: until when they can be restored."`
}

func (a *API) manageUser(ctx context.Context, in *userOrder) (*answer[managedUser], error) {
	ctx, err := a.intoBody(ctx, manageUsers, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	act, message := a.Members.Delete, "User deleted successfully"
	switch in.Body.Action {
	case "delete":
	case "restore":
		act, message = a.Members.Restore, "User restored successfully"
	default:
		return nil, errs.InvalidFields([]errs.Field{{Field: "action", Code: "unknown_action", Message: "The action is delete or restore."}})
	}
	who, err := a.Members.FindIn(ctx, here(ctx), string(in.Body.User), member.AnyState...)
	if err != nil {
		return nil, err
	}
	if err := act(ctx, actor.FromContext(ctx), here(ctx), []string{who.ID}); err != nil {
		return nil, err
	}
	if who, err = a.Members.FindIn(ctx, here(ctx), who.ID, member.AnyState...); err != nil {
		return nil, err
	}
	out := managedUser{ID: who.ID, UserID: who.Number, State: who.State}
	if who.State == member.Deleted {
		out.ErasedAt = clock.Format(a.Members.ErasedAt(who))
	}
	return respond(message, out), nil
}
