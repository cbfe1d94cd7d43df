package api

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

type invite struct {
	Code          string      `json:"code" example:"3f9c1b22a7d0"`
	URL           string      `json:"url" example:"https://community.example.com/join/3f9c1b22a7d0" doc:"The page where people join by it."`
	RoleID        string      `json:"roleId" example:"6a21d1c09f3b0c4d5e6f7a90" doc:"Given on joining; empty: none."`
	Email         string      `json:"email,omitempty" example:"ada@example.com" doc:"The address that it was mailed to. Absent when it was not mailed, and once it is revoked or its receiver declined."`
	MaxUses       int64       `json:"maxUses" doc:"0: any number."`
	Uses          int64       `json:"uses"`
	ExpiresAt     *string     `json:"expiresAt" format:"date-time" doc:"null: never."`
	RevokedAt     *string     `json:"revokedAt" format:"date-time" doc:"null: it was not taken back."`
	Open          bool        `json:"open" doc:"Lets people in at this moment."`
	CreatedBy     string      `json:"createdBy" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command."`
	CreatedByName string      `json:"createdByName" example:"ada" doc:"As it was then."`
	CreatedAt     string      `json:"createdAt" format:"date-time"`
	Joined        []inviteUse `json:"joined" nullable:"false" doc:"The last 20 who joined by it, the newest first."`
}

type inviteUse struct {
	ID       string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID   int64  `json:"userId" example:"1042"`
	Username string `json:"username" example:"ada"`
	JoinedAt string `json:"joinedAt" format:"date-time"`
}

func (a *API) wireInvite(i member.Invite) invite {
	return invite{
		Code: i.Code, URL: a.Members.InviteURL(i.Code), RoleID: i.RoleID, Email: i.Email, MaxUses: i.MaxUses, Uses: i.Uses, ExpiresAt: orNull(i.ExpiresAt), RevokedAt: orNull(i.RevokedAt),
		Open: a.Members.IsOpen(i), CreatedBy: i.CreatedBy, CreatedByName: i.CreatedByName, CreatedAt: clock.Format(i.CreatedAt), Joined: []inviteUse{},
	}
}

// orNull is a time on the wire, null for none.
func orNull(ms int64) *string {
	if ms == 0 {
		return nil
	}
	text := clock.Format(ms)
	return &text
}

type newInvite struct {
	ServerPath
	Body *struct {
		MaxUses   int64     `json:"maxUses,omitempty" example:"5" doc:"How many may join by it; 0: any number."`
		ExpiresAt time.Time `json:"expiresAt,omitempty" doc:"Until when; left out: for ever."`
		RoleID    string    `json:"roleId,omitempty" maxLength:"50" example:"6a21d1c09f3b0c4d5e6f7a90" doc:"The _id of a role that whoever joins gets, if it exists then. You could give it to a member yourself: it ranks below you and allows nothing that you may not do."`
		Emails    []string  `json:"emails,omitempty" minItems:"1" maxItems:"100" example:"[\"ada@example.com\"]" doc:"One single-use invite is mailed to each address, and the answer is the array of them. A repeated address counts once."`
	} `nameHint:"NewInvite"`
}

type inviteQuery struct {
	ServerPath
	CursorInput
}

type invitePath struct {
	ServerPath
	Code string `path:"code" maxLength:"200" doc:"The code of the invite." example:"3f9c1b22a7d0"`
}

func (a *API) listInvites(ctx context.Context, in *inviteQuery) (*list[invite, cursor], error) {
	found, uses, next, err := a.Members.Invites(ctx, here(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	invites := convert(found, a.wireInvite)
	for i := range invites {
		for _, u := range uses {
			if u.Code == invites[i].Code {
				invites[i].Joined = append(invites[i].Joined, inviteUse{u.ID, u.Number, u.Username, clock.Format(u.UsedAt)})
			}
		}
	}
	return respondList("Invites of the community", invites, cursorMeta(in.Limit, next)), nil
}

// createdInvites is one invite or, for invites that were mailed, an array.
type createdInvites struct {
	one    invite
	mailed []invite // nil: none was mailed
}

// MarshalJSON writes an object or an array.
func (c createdInvites) MarshalJSON() ([]byte, error) {
	if c.mailed != nil {
		return json.Marshal(c.mailed)
	}
	return json.Marshal(c.one)
}

// Schema describes both forms.
func (createdInvites) Schema(registry huma.Registry) *huma.Schema {
	one := registry.Schema(reflect.TypeFor[invite](), true, "Invite")
	return &huma.Schema{
		OneOf:       []*huma.Schema{one, {Type: huma.TypeArray, Items: one}},
		Description: "An invite; with emails the array of the invites that were mailed.",
	}
}

func (a *API) createInvite(ctx context.Context, in *newInvite) (*answer[createdInvites], error) {
	var wanted member.InviteInput
	var emails []string
	if in.Body != nil {
		wanted.MaxUses, wanted.RoleID, emails = in.Body.MaxUses, in.Body.RoleID, in.Body.Emails
		if !in.Body.ExpiresAt.IsZero() {
			wanted.ExpiresAt = in.Body.ExpiresAt.UnixMilli()
		}
	}
	if emails != nil {
		made, err := a.Members.MailInvites(ctx, actor.FromContext(ctx), here(ctx), wanted, emails)
		if err != nil {
			return nil, err
		}
		return respond("Invites created and mailed", createdInvites{mailed: convert(made, a.wireInvite)}), nil
	}
	made, err := a.Members.CreateInvite(ctx, actor.FromContext(ctx), here(ctx), wanted)
	if err != nil {
		return nil, err
	}
	return respond("Invite created", createdInvites{one: a.wireInvite(made)}), nil
}

func (a *API) revokeInvite(ctx context.Context, in *invitePath) (*answer[deleted], error) {
	if err := a.Members.RevokeInvite(ctx, actor.FromContext(ctx), here(ctx), in.Code); err != nil {
		return nil, err
	}
	return respond("Invite taken back", deleted{in.Code}), nil
}
