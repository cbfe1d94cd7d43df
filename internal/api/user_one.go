package api

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

type userSelection struct {
	UserPath
	CommunityQuery
	ID          bool `query:"_id"`
	Number      bool `query:"id"`
	Avatar      bool `query:"avatar"`
	DisplayName bool `query:"displayName"`
	Username    bool `query:"username"`
	FirstName   bool `query:"firstName"`
	LastName    bool `query:"lastName"`
	Email       bool `query:"email"`
	IsOnline    bool `query:"isOnline"`
	LastLogin   bool `query:"lastLogin"`
}

// all reports whether nothing is chosen, which means everything.
func (in *userSelection) all() bool {
	return !(in.ID || in.Number || in.Avatar || in.DisplayName || in.Username || in.FirstName || in.LastName || in.Email || in.IsOnline || in.LastLogin)
}

// selectedUser holds what was chosen; the rest is absent.
type selectedUser struct {
	ID          *string `json:"_id,omitempty" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Number      *int64  `json:"id,omitempty" example:"1042" doc:"The account's small number."`
	Avatar      *string `json:"avatar,omitempty" doc:"Address of the picture; empty without one."`
	DisplayName *string `json:"displayName,omitempty"`
	Username    *string `json:"username,omitempty"`
	FirstName   *string `json:"firstName,omitempty"`
	LastName    *string `json:"lastName,omitempty"`
	Email       *string `json:"email,omitempty"`
	IsOnline    *bool   `json:"isOnline,omitempty" doc:"Seen in the last five minutes."`
	LastLogin   *string `json:"lastLogin,omitempty" doc:"When the person last signed in; empty: never."`
}

func pick[T any](chosen bool, value T) *T {
	if !chosen {
		return nil
	}
	return &value
}

// byPath finds a user as paths name them: by _id or number.
func (a *API) byPath(ctx context.Context, ref string) (member.Member, error) {
	if _, err := strconv.ParseInt(ref, 10, 64); err != nil && !id.Valid(ref) {
		return member.Member{}, errs.New(errs.NotFound, "user_not_found", "There is no such user.")
	}
	return a.Members.Find(ctx, here(ctx), ref)
}

func (a *API) selectUser(ctx context.Context, in *userSelection) (*answer[selectedUser], error) {
	m, err := a.byPath(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	all := in.all()
	out := selectedUser{
		ID: pick(all || in.ID, m.ID), Number: pick(all || in.Number, m.Number), Avatar: pick(all || in.Avatar, a.Members.AvatarURL(here(ctx), m.Avatar)),
		DisplayName: pick(all || in.DisplayName, m.DisplayName), Username: pick(all || in.Username, m.Username),
		FirstName: pick(all || in.FirstName, m.FirstName), LastName: pick(all || in.LastName, m.LastName), Email: pick(all || in.Email, m.Email),
		LastLogin: pick(all || in.LastLogin, clock.Format(m.SignedInAt)),
	}
	if all || in.IsOnline {
		online, err := a.Auth.IsOnline(ctx, m.ID, here(ctx))
		if err != nil {
			return nil, err
		}
		out.IsOnline = &online
	}
	return respond("User data", out), nil
}

type memberPath struct {
	CommunityPath
	UserPath
}

func (a *API) communityUser(ctx context.Context, in *memberPath) (*answer[user], error) {
	m, err := a.byPath(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	names, err := a.naming(ctx, m)
	if err != nil {
		return nil, err
	}
	return respond("User of the community", names.user(m)), nil
}
