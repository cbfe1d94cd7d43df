package user

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

func (h *handlers) manageRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/manage", ID: "manageUser", Summary: "Delete or restore a user",
		Permissions: manageUsers, Traits: api.Compat,
		Description: "`delete` hides the member and ends sessions that are limited to this community; `restore` reverts it. 403 `rank_too_low`; 409 `already_deleted`, `not_deleted`, `last_owner`, or `member_declined` if the person has declined an invite after the deletion; 410 `retention_over`. After the retention time the member's data is erased; the account remains.",
	}, h.manageUser)
}

type manageInput struct {
	Body struct {
		api.BodyCommunity
		Action string       `json:"action" example:"delete" doc:"delete or restore."`
		User   wire.UserRef `json:"user" doc:"_id, number, email, username, or external: and the external id."`
	} `nameHint:"UserOrder"`
}

type managedUser struct {
	ID       string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID   int64  `json:"userId" example:"1042"`
	State    string `json:"state" enum:"active,pending,left,banned,deleted" doc:"The current state of the membership."`
	ErasedAt string `json:"erasedAt,omitempty" format:"date-time" doc:"For a deleted member: the end of the time to restore it."`
}

func (h *handlers) manageUser(ctx context.Context, in *manageInput) (*api.Answer[managedUser], error) {
	action, message := h.members.Delete, "User deleted successfully"
	switch in.Body.Action {
	case "delete":
	case "restore":
		action, message = h.members.Restore, "User restored successfully"
	default:
		return nil, errs.InvalidFields([]errs.Field{{Field: "action", Code: "unknown_action", Message: "The action must be delete or restore."}})
	}
	found, err := h.members.FindIn(ctx, actor.FromContext(ctx), api.CommunityID(ctx), string(in.Body.User), member.AnyState...)
	if err != nil {
		return nil, err
	}
	if err := action(ctx, actor.FromContext(ctx), api.CommunityID(ctx), []string{found.ID}); err != nil {
		return nil, err
	}
	if found, err = h.members.FindIn(ctx, actor.FromContext(ctx), api.CommunityID(ctx), found.ID, member.AnyState...); err != nil {
		return nil, err
	}
	out := managedUser{ID: found.ID, UserID: found.Number, State: found.State}
	if found.State == member.Deleted {
		out.ErasedAt = clock.Format(h.members.ErasedAt(found))
	}
	return api.Respond(message, out), nil
}
