package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

type user struct {
	ID           string         `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID       int64          `json:"userId" example:"1042" doc:"The small number of the user."`
	Username     string         `json:"username" example:"ada"`
	DisplayName  string         `json:"displayName" example:"Ada L."`
	FirstName    string         `json:"firstName" example:"Ada"`
	LastName     string         `json:"lastName" example:"Lovelace"`
	Email        string         `json:"email" example:"ada@example.com"`
	Phone        string         `json:"phone" example:"+442071234567" doc:"Empty when unknown."`
	Country      string         `json:"country" example:"GB" doc:"ISO 3166 alpha-2; empty when unknown."`
	Language     string         `json:"language" example:"en" doc:"BCP 47; empty when unknown."`
	Roles        []string       `json:"roles" nullable:"false" doc:"Titles, the highest first; every member has @all."`
	HighestRole  string         `json:"highestRole" example:"VIP"`
	Tags         []string       `json:"tags" nullable:"false"`
	CustomFields map[string]any `json:"customFields" nullable:"false" doc:"By field, with values of the field's type; an unset field is absent."`
	Avatar       string         `json:"avatar" doc:"Address of the picture; empty without one."`
	ExternalID   string         `json:"externalId,omitempty" doc:"What another system calls the user."`
	Referral     string         `json:"referral,omitempty" doc:"Through whom the user came."`
	Claimed      bool           `json:"claimed" doc:"False for a user whom others added and who has not accepted it."`
	JoinedAt     string         `json:"joinedAt" format:"date-time"`
}

// naming turns ids of roles, tags and pictures into what people know them by.
type naming struct {
	names   member.Names
	picture func(pictureID string) string // its address
}

// naming is the one for these members.
func (a *API) naming(ctx context.Context, members ...member.Member) (naming, error) {
	names, err := a.Members.NamesFor(ctx, here(ctx), members...)
	return naming{names, func(pictureID string) string { return a.Members.AvatarURL(here(ctx), pictureID) }}, err
}

func (n naming) user(m member.Member) user {
	u := user{
		ID: m.ID, UserID: m.Number, Username: m.Username, DisplayName: m.DisplayName, FirstName: m.FirstName, LastName: m.LastName,
		Email: m.Email, Phone: m.Phone, Country: m.Country, Language: m.Language, Roles: n.names.RolesOf(&m), Tags: n.names.TagsOf(&m),
		CustomFields: m.Fields, JoinedAt: clock.Format(m.JoinedAt),
		Avatar: n.picture(m.Avatar), ExternalID: m.ExternalID, Referral: m.Referral, Claimed: m.Claimed(),
	}
	if u.CustomFields == nil {
		u.CustomFields = map[string]any{}
	}
	if len(u.Roles) > 0 {
		u.HighestRole = u.Roles[0]
	}
	return u
}

// reference names a user: text, or the number as it is.
type reference string

// UnmarshalJSON takes a text or a number.
func (r *reference) UnmarshalJSON(text []byte) error {
	if text[0] != '"' {
		*r = reference(text)
		return nil
	}
	return json.Unmarshal(text, (*string)(r))
}

// Schema describes both forms in the OpenAPI document.
func (reference) Schema(huma.Registry) *huma.Schema {
	least := 1
	s := &huma.Schema{Examples: []any{"ada@example.com"}, OneOf: []*huma.Schema{{Type: huma.TypeString, MinLength: &least}, {Type: huma.TypeInteger}}}
	s.PrecomputeMessages()
	return s
}

type userQuestion struct {
	Body struct {
		IDOrEmail   reference `json:"idOrEmail" doc:"_id, number, email, username, or external: and the external id."`
		CommunityID string    `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string    `json:"serverId,omitempty" doc:"The same by another name."`
	} `nameHint:"UserQuestion"`
}

type userQuery struct {
	CommunityPath
	PageInput
	Search  string   `query:"search" maxLength:"200" doc:"The beginning of an email address or username, or a part of a name."`
	Role    string   `query:"role" doc:"The _id or title of a role."`
	Tag     string   `query:"tag" doc:"The _id or name of a tag."`
	Claimed selector `query:"claimed" doc:"true: users who have accepted or joined; false: users whom others added and who have not accepted; absent: both."`
	Sort    string   `query:"sort" enum:"-created,created,username,-username,email,-email" default:"-created" doc:"With - in front the other way round."`
}

func (a *API) userInfo(ctx context.Context, in *userQuestion) (*answer[user], error) {
	ctx, err := a.intoBody(ctx, readUsers, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	found, err := a.Members.Find(ctx, here(ctx), string(in.Body.IDOrEmail))
	if err != nil {
		return nil, err
	}
	names, err := a.naming(ctx, found)
	if err != nil {
		return nil, err
	}
	return respond("User data", names.user(found)), nil
}

func (a *API) listUsers(ctx context.Context, in *userQuery) (*list[user, pages], error) {
	filter := member.Filter{Search: in.Search, Sort: in.Sort, Page: in.Page, Limit: in.Limit}
	switch {
	case in.Claimed.chosen:
		filter.Claim = member.ClaimedOnly
	case in.Claimed.refused:
		filter.Claim = member.UnclaimedOnly
	}
	if in.Role != "" || in.Tag != "" {
		all, err := a.Members.Names(ctx, here(ctx))
		if err != nil {
			return nil, err
		}
		filter.RoleID, filter.TagID = all.Role(in.Role), all.Tag(in.Tag)
	}
	found, err := a.Members.List(ctx, here(ctx), filter)
	if err != nil {
		return nil, err
	}
	names, err := a.naming(ctx, found.Members...)
	if err != nil {
		return nil, err
	}
	meta := pages{in.Page, in.Limit, found.Total, found.TotalCapped}
	return respondList("Users of the community", convert(found.Members, names.user), meta), nil
}
