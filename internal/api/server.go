package api

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/member"
)

type server struct {
	ID                  string              `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	CommunityID         string              `json:"communityId" doc:"The same by another name."`
	Name                string              `json:"name" example:"Rovers"`
	Logo                string              `json:"logo" doc:"The _id of a picture, served at /media/; empty without one."`
	Colors              serverColors        `json:"colors"`
	Languages           []string            `json:"languages" nullable:"false" doc:"BCP 47; the first is the community's own."`
	TimeZone            string              `json:"timeZone" example:"Europe/Berlin" doc:"Of the IANA database."`
	JoiningRequirements joiningRequirements `json:"joiningRequirements"`
	OpenBulkImport      bool                `json:"openBulkImport" doc:"Anybody may import members without a credential."`
	AllowedFrameOrigins []string            `json:"allowedFrameOrigins" nullable:"false" doc:"Whose pages iframe channels may show."`
	Currencies          currencies          `json:"currencies"`
	MemberCount         int64               `json:"memberCount"`
	Owner               *person             `json:"owner" doc:"null when nobody owns it yet."`
	CreatedAt           string              `json:"createdAt" format:"date-time"`
	UpdatedAt           string              `json:"updatedAt" format:"date-time"`
	DeletedAt           string              `json:"deletedAt,omitempty" format:"date-time" doc:"Only of a deleted community."`
	ErasedAt            string              `json:"erasedAt,omitempty" format:"date-time" doc:"Until when a deleted community can be restored."`
}

type serverColors struct {
	Accent string `json:"accent" example:"#4f46e5"`
}

type joiningRequirements struct {
	Policy         string   `json:"policy,omitempty" enum:"open,invite" example:"invite" doc:"Who joins by themselves: whoever wants, or whoever has an invite."`
	RequiredFields []string `json:"requiredFields,omitempty" maxItems:"50" doc:"The _ids of user fields that must be given to join."`
}

type currencies struct {
	Coins   currency `json:"coins"`
	Premium currency `json:"premium"`
}

type currency struct {
	Name string `json:"name" maxLength:"100" example:"Coins"`
	Icon string `json:"icon,omitempty" maxLength:"100" example:"🪙" doc:"An emoji."`
}

type person struct {
	ID       string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID   int64  `json:"userId" example:"1042"`
	Username string `json:"username" example:"ada"`
}

func wirePerson(p member.Person) *person {
	if p.ID == "" {
		return nil
	}
	return &person{p.ID, p.Number, p.Username}
}

func (a *API) wireServer(h member.Home) server {
	s := h.Settings
	out := server{
		ID: h.ID, CommunityID: h.ID, Name: h.Name, Logo: s.Logo, Colors: serverColors{s.Accent}, Languages: s.Languages, TimeZone: s.TimeZone,
		JoiningRequirements: joiningRequirements{s.Joining.Policy, s.Joining.RequiredFields}, OpenBulkImport: s.OpenBulkImport,
		AllowedFrameOrigins: s.AllowedFrameOrigins,
		Currencies:          currencies{currency(s.Currencies.Coins), currency(s.Currencies.Premium)},
		MemberCount:         h.Members, Owner: wirePerson(h.Owner), CreatedAt: clock.Format(h.CreatedAt), UpdatedAt: clock.Format(h.UpdatedAt),
	}
	if h.DeletedAt != 0 {
		out.DeletedAt, out.ErasedAt = clock.Format(h.DeletedAt), clock.Format(a.Communities.ErasedAt(h.Community))
	}
	return out
}

// ServerSettings is a part of inputs.
type ServerSettings struct {
	Logo                *string              `json:"logo,omitempty" maxLength:"24" doc:"The _id of its picture, as uploading it answers; empty for none."`
	Colors              *serverColors        `json:"colors,omitempty"`
	Languages           []string             `json:"languages,omitempty" nullable:"false" minItems:"1" maxItems:"20" doc:"BCP 47; the first is the community's own."`
	TimeZone            *string              `json:"timeZone,omitempty" example:"Europe/Berlin" doc:"Of the IANA database."`
	JoiningRequirements *joiningRequirements `json:"joiningRequirements,omitempty"`
	OpenBulkImport      *bool                `json:"openBulkImport,omitempty" doc:"Lets anybody import members without a credential: for trying things out only."`
	AllowedFrameOrigins []string             `json:"allowedFrameOrigins,omitempty" nullable:"false" maxItems:"50" example:"[\"https://board.example.com\"]" doc:"Whose pages iframe channels may show; an empty list for nobody's."`
	Currencies          *struct {
		Coins   *currency `json:"coins,omitempty"`
		Premium *currency `json:"premium,omitempty"`
	} `json:"currencies,omitempty"`
}

// change is what the settings change of a community.
func (s *ServerSettings) change() community.Change {
	c := community.Change{Logo: s.Logo, TimeZone: s.TimeZone, OpenBulkImport: s.OpenBulkImport}
	if s.Languages != nil {
		c.Languages = &s.Languages
	}
	if s.AllowedFrameOrigins != nil {
		c.AllowedFrameOrigins = &s.AllowedFrameOrigins
	}
	if s.Colors != nil {
		c.Accent = &s.Colors.Accent
	}
	if j := s.JoiningRequirements; j != nil {
		c.Joining = &community.Joining{Policy: j.Policy, RequiredFields: j.RequiredFields}
	}
	if s.Currencies != nil {
		c.Coins, c.Premium = (*community.Currency)(s.Currencies.Coins), (*community.Currency)(s.Currencies.Premium)
	}
	return c
}

type newServer struct {
	Body struct {
		Name string `json:"name" example:"Rovers" doc:"1 to 100 characters."`
		ServerSettings
	} `nameHint:"NewServer"`
}

type serverChange struct {
	ServerPath
	Body struct {
		Name *string `json:"name,omitempty" example:"Rovers" doc:"1 to 100 characters."`
		ServerSettings
	} `nameHint:"ServerChange"`
}

type serverQuery struct {
	Deleted bool `query:"deleted" doc:"Instead of your communities those you owned that are deleted and can be restored."`
}

func (a *API) createServer(ctx context.Context, in *newServer) (*answer[server], error) {
	change := in.Body.change()
	made, err := a.Access.CreateCommunity(ctx, actor.FromContext(ctx), change.Input(in.Body.Name))
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "Community created", made)
}

func (a *API) respondServer(ctx context.Context, message string, c community.Community) (*answer[server], error) {
	homes, err := a.Members.Homes(ctx, c)
	if err != nil {
		return nil, err
	}
	return respond(message, a.wireServer(homes[0])), nil
}

func (a *API) listServers(ctx context.Context, in *serverQuery) (*answer[[]server], error) {
	homes, err := a.Members.HomesOf(ctx, actor.FromContext(ctx), in.Deleted, a.Communities.ErasureCutoff())
	if err != nil {
		return nil, err
	}
	return respond("Your communities", convert(homes, a.wireServer)), nil
}

func (a *API) getServer(ctx context.Context, _ *ServerPath) (*answer[server], error) {
	found, err := a.Communities.Get(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "The community", found)
}

func (a *API) updateServer(ctx context.Context, in *serverChange) (*answer[server], error) {
	change := in.Body.change()
	change.Name = in.Body.Name
	changed, err := a.Communities.Update(ctx, here(ctx), change)
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "Community updated", changed)
}
