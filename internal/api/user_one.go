package api

import (
	"context"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

type userSelection struct {
	UserPath
	CommunityQuery
	ID          selector `query:"_id"`
	Number      selector `query:"id"`
	Avatar      selector `query:"avatar"`
	DisplayName selector `query:"displayName"`
	Username    selector `query:"username"`
	FirstName   selector `query:"firstName"`
	LastName    selector `query:"lastName"`
	Email       selector `query:"email"`
	IsOnline    selector `query:"isOnline"`
	LastLogin   selector `query:"lastLogin"`
}

// selector is a boolean parameter that may be absent, which is not false.
type selector struct{ chosen, refused bool }

// Schema is what the document says of it.
func (*selector) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean} }

// Receiver is what the parameter is read into.
func (s *selector) Receiver() reflect.Value { return reflect.ValueOf(&s.chosen).Elem() }

// OnParamSet learns whether the parameter was there.
func (s *selector) OnParamSet(isSet bool, _ any) { s.refused = isSet && !s.chosen }

// among reports whether the field is part of the answer; all means that no
// field is chosen.
func (s selector) among(all bool) bool { return s.chosen || all && !s.refused }

// all reports whether nothing is chosen, which means everything that is not
// refused.
func (in *userSelection) all() bool {
	for _, s := range []selector{in.ID, in.Number, in.Avatar, in.DisplayName, in.Username, in.FirstName, in.LastName, in.Email, in.IsOnline, in.LastLogin} {
		if s.chosen {
			return false
		}
	}
	return true
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
		ID: pick(in.ID.among(all), m.ID), Number: pick(in.Number.among(all), m.Number), Avatar: pick(in.Avatar.among(all), a.Members.AvatarURL(here(ctx), m.Avatar)),
		DisplayName: pick(in.DisplayName.among(all), m.DisplayName), Username: pick(in.Username.among(all), m.Username),
		FirstName: pick(in.FirstName.among(all), m.FirstName), LastName: pick(in.LastName.among(all), m.LastName), Email: pick(in.Email.among(all), m.Email),
	}
	if in.IsOnline.among(all) || in.LastLogin.among(all) {
		visit, err := a.Members.LastVisit(ctx, here(ctx), m.ID)
		if err != nil {
			return nil, err
		}
		online := a.Members.Online(visit)
		out.IsOnline, out.LastLogin = pick(in.IsOnline.among(all), online), pick(in.LastLogin.among(all), clock.Format(visit.SignedInAt))
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
