package user

import (
	"context"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

type userSelection struct {
	wire.UserPath
	wire.CommunityQuery
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

// selector is a boolean parameter that distinguishes false from absent.
type selector struct{ selected, excluded bool }

// Schema describes a boolean.
func (*selector) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean} }

// Receiver returns the destination of the parameter.
func (s *selector) Receiver() reflect.Value { return reflect.ValueOf(&s.selected).Elem() }

// OnParamSet is called with whether the parameter is present.
func (s *selector) OnParamSet(isSet bool, _ any) { s.excluded = isSet && !s.selected }

// includes reports whether the field is in the response; all means that no field is
// selected.
func (s selector) includes(all bool) bool { return s.selected || all && !s.excluded }

// all reports whether no field is selected: the response then has all fields but
// the excluded ones.
func (in *userSelection) all() bool {
	for _, s := range []selector{in.ID, in.Number, in.Avatar, in.DisplayName, in.Username, in.FirstName, in.LastName, in.Email, in.IsOnline, in.LastLogin} {
		if s.selected {
			return false
		}
	}
	return true
}

// selectedUser has the selected fields; nil fields are absent.
type selectedUser struct {
	ID          *string `json:"_id,omitempty" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Number      *int64  `json:"id,omitempty" example:"1042" doc:"The number of the user."`
	Avatar      *string `json:"avatar,omitempty" doc:"The address of the picture; empty: none."`
	DisplayName *string `json:"displayName,omitempty"`
	Username    *string `json:"username,omitempty"`
	FirstName   *string `json:"firstName,omitempty"`
	LastName    *string `json:"lastName,omitempty"`
	Email       *string `json:"email,omitempty"`
	IsOnline    *bool   `json:"isOnline,omitempty" doc:"Has an open live connection, or was active within the last five minutes."`
	LastLogin   *string `json:"lastLogin,omitempty" doc:"The time of the last sign-in; empty: never."`
}

func ifSelected[T any](selected bool, value T) *T {
	if !selected {
		return nil
	}
	return &value
}

// findByPath finds a user by _id or number.
func (h *handlers) findByPath(ctx context.Context, ref string) (member.Member, error) {
	if _, err := strconv.ParseInt(ref, 10, 64); err != nil && !id.Valid(ref) {
		return member.Member{}, errs.Missing("user")
	}
	return h.members.Find(ctx, actor.FromContext(ctx), api.CommunityID(ctx), ref)
}

func (h *handlers) selectUser(ctx context.Context, in *userSelection) (*api.Answer[selectedUser], error) {
	m, err := h.findByPath(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	all := in.all()
	out := selectedUser{
		ID: ifSelected(in.ID.includes(all), m.ID), Number: ifSelected(in.Number.includes(all), m.Number), Avatar: ifSelected(in.Avatar.includes(all), h.members.AvatarURL(api.CommunityID(ctx), m.AvatarID)),
		DisplayName: ifSelected(in.DisplayName.includes(all), m.DisplayName), Username: ifSelected(in.Username.includes(all), m.Username),
		FirstName: ifSelected(in.FirstName.includes(all), m.FirstName), LastName: ifSelected(in.LastName.includes(all), m.LastName), Email: ifSelected(in.Email.includes(all), m.Email),
	}
	if in.IsOnline.includes(all) || in.LastLogin.includes(all) {
		visit, err := h.members.LastVisit(ctx, actor.FromContext(ctx), api.CommunityID(ctx), m.ID)
		if err != nil {
			return nil, err
		}
		online := h.members.Online(visit)
		out.IsOnline, out.LastLogin = ifSelected(in.IsOnline.includes(all), online), ifSelected(in.LastLogin.includes(all), clock.Format(visit.SignedInAt))
	}
	return api.Respond("User data", out), nil
}

type userPath struct {
	wire.CommunityPath
	wire.UserPath
}

func (h *handlers) communityUser(ctx context.Context, in *userPath) (*api.Answer[user], error) {
	m, err := h.findByPath(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	names, err := h.details(ctx, m)
	if err != nil {
		return nil, err
	}
	return api.Respond("User of the community", names.user(m)), nil
}
