package server

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/directory"
)

func (h *handlers) serverRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers", ID: "createServer", Summary: "Create a community",
		Permissions: manageCommunity, Traits: api.PerUser | api.Created,
		Description: "You become its owner. 403 `creation_closed` if only the owner of the installation creates communities. Others own at most 100 communities: 409 `too_many_communities`.",
	}, h.createServer)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers", ID: "listServers", Summary: "List your communities",
		Permissions: anyPerson, Traits: api.PerUser,
		Description: "Your memberships, oldest first; with `deleted` the communities that you owned and can restore.",
	}, h.listServers)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers/{serverId}", ID: "getServer", Summary: "Get a community",
		Permissions: anyMember,
		Description: "Returns the name, the settings and the number of members. 404 `community_not_found`, also for callers that are not members.",
	}, h.getServer)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/servers/{serverId}", ID: "updateServer", Summary: "Update a community",
		Permissions: manageWords,
		Description: "Omitted fields are unchanged. A body with only `bannedWords` and `alertWords` needs `manageUser`, or `moderate_content` for persons; all others need `community`.",
	}, h.updateServer)
}

type server struct {
	ID                  string              `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	CommunityID         string              `json:"communityId" doc:"The same as _id."`
	Name                string              `json:"name" example:"Rovers"`
	Logo                string              `json:"logo" doc:"The _id of a picture, served at /media/; empty: none."`
	Colors              serverColors        `json:"colors"`
	Languages           []string            `json:"languages" nullable:"false" doc:"BCP 47; the first is the default."`
	TimeZone            string              `json:"timeZone" example:"Europe/Berlin" doc:"An IANA time zone."`
	DefaultCountry      string              `json:"defaultCountry" example:"DE" doc:"ISO 3166 alpha-2; the country of national phone numbers. Empty: none."`
	JoiningRequirements joiningRequirements `json:"joiningRequirements"`
	OpenBulkImport      bool                `json:"openBulkImport" doc:"Members can be imported without a credential."`
	AllowedFrameOrigins []string            `json:"allowedFrameOrigins" nullable:"false" doc:"Origins of pages in iframe channels."`
	Currencies          currencies          `json:"currencies"`
	BannedWords         []string            `json:"bannedWords,omitzero" required:"false" nullable:"false" doc:"Only for keys with community or manageUser and persons with moderate_content."`
	AlertWords          []string            `json:"alertWords,omitzero" required:"false" nullable:"false" doc:"As bannedWords."`
	EditWindow          int64               `json:"editWindow" doc:"Seconds in which a message can be edited; 0: no limit."`
	RefundLotDays       int64               `json:"refundLotDays" doc:"Days in which refunds of expired currency can be spent."`
	ErasureOfMessages   string              `json:"erasureOfMessages" enum:"anonymise,delete" doc:"The messages of an erased member stay without their author, or are deleted."`
	MemberCount         int64               `json:"memberCount"`
	Owner               *wire.Person        `json:"owner" doc:"null: no owner yet."`
	CreatedAt           string              `json:"createdAt" format:"date-time"`
	UpdatedAt           string              `json:"updatedAt" format:"date-time"`
	DeletedAt           string              `json:"deletedAt,omitempty" format:"date-time" doc:"Only of a deleted community."`
	ErasedAt            string              `json:"erasedAt,omitempty" format:"date-time" doc:"The end of the time to restore a deleted community."`
}

type serverColors struct {
	Accent string `json:"accent" example:"#4f46e5"`
}

type joiningRequirements struct {
	Policy         string   `json:"policy,omitempty" enum:"open,invite" example:"invite" doc:"open: everyone can join; invite: an invite is required."`
	RequiredFields []string `json:"requiredFields,omitempty" maxItems:"50" doc:"The _ids of user fields that are required for joining."`
}

type currencies struct {
	Coins   currency `json:"coins"`
	Premium currency `json:"premium"`
}

type currency struct {
	Name   string  `json:"name" maxLength:"100" example:"Coins"`
	Icon   string  `json:"icon,omitempty" maxLength:"100" example:"🪙" doc:"An emoji."`
	Expiry *expiry `json:"expiry,omitempty" doc:"Always present in responses; absent in a request: unchanged."`
}

type expiry struct {
	Days    int64  `json:"days" minimum:"0" maximum:"3650" doc:"Days after the day of a credit in which it can be spent; 0: it never expires."`
	RoundTo string `json:"roundTo,omitempty" enum:"none,month_end" doc:"month_end: until the last day of the month."`
}

func currencyView(c community.Currency) currency {
	return currency{Name: c.Name, Icon: c.Icon, Expiry: &expiry{c.Expiry.Days, c.Expiry.RoundTo}}
}

// change returns the changed name and icon, and the changed expiry; nil: unchanged.
func (c *currency) change() (*community.Currency, *community.Expiry) {
	if c == nil {
		return nil, nil
	}
	return &community.Currency{Name: c.Name, Icon: c.Icon}, (*community.Expiry)(c.Expiry)
}

// serverView returns what the actor sees: the word lists only if they can set them.
func (h *handlers) serverView(ctx context.Context, home directory.CommunitySummary) (server, error) {
	s := home.Settings
	out := server{
		ID: home.ID, CommunityID: home.ID, Name: home.Name, Logo: s.Logo, Colors: serverColors{s.Accent}, Languages: s.Languages, TimeZone: s.TimeZone, DefaultCountry: s.DefaultCountry,
		JoiningRequirements: joiningRequirements{s.Joining.Policy, s.Joining.RequiredFields}, OpenBulkImport: s.OpenBulkImport,
		AllowedFrameOrigins: s.AllowedFrameOrigins,
		Currencies:          currencies{currencyView(s.Currencies.Coins), currencyView(s.Currencies.Premium)},
		EditWindow:          s.EditWindow, ErasureOfMessages: s.ErasureOfMessages, RefundLotDays: s.RefundLotDays,
		MemberCount: home.Members, Owner: wire.NewPerson(home.Owner), CreatedAt: clock.Format(home.CreatedAt), UpdatedAt: clock.Format(home.UpdatedAt),
	}
	if home.DeletedAt != 0 {
		out.DeletedAt, out.ErasedAt = clock.Format(home.DeletedAt), clock.Format(h.communities.ErasedAt(home.Community))
	}
	err := h.access.CanAny(ctx, actor.FromContext(ctx), home.ID, manageWords...)
	if kind := errs.KindOf(err); err != nil && (kind == errs.Forbidden || kind == errs.NotFound) {
		return out, nil
	}
	out.BannedWords, out.AlertWords = s.BannedWords, s.AlertWords
	return out, err
}

// Settings is the part of a body with settings of a community.
type Settings struct {
	Logo                *string              `json:"logo,omitempty" maxLength:"24" doc:"The _id of its picture, from the response to the upload; empty: none."`
	Colors              *serverColors        `json:"colors,omitempty"`
	Languages           []string             `json:"languages,omitempty" nullable:"false" minItems:"1" maxItems:"20" doc:"BCP 47; the first is the default."`
	TimeZone            *string              `json:"timeZone,omitempty" example:"Europe/Berlin" doc:"An IANA time zone."`
	DefaultCountry      *string              `json:"defaultCountry,omitempty" maxLength:"2" example:"DE" doc:"ISO 3166 alpha-2; the country of national phone numbers. Empty: none."`
	JoiningRequirements *joiningRequirements `json:"joiningRequirements,omitempty"`
	OpenBulkImport      *bool                `json:"openBulkImport,omitempty" doc:"Allows imports without a credential, for evaluation only."`
	AllowedFrameOrigins []string             `json:"allowedFrameOrigins,omitempty" nullable:"false" maxItems:"50" example:"[\"https://board.example.com\"]" doc:"Origins of pages in iframe channels; an empty list allows none."`
	BannedWords         []string             `json:"bannedWords,omitempty" nullable:"false" maxItems:"1000" doc:"Words and phrases that messages may not contain, of 1 to 100 characters each."`
	AlertWords          []string             `json:"alertWords,omitempty" nullable:"false" maxItems:"1000" doc:"Words and phrases that create a report, of 1 to 100 characters each."`
	EditWindow          *int64               `json:"editWindow,omitempty" minimum:"0" maximum:"31536000" doc:"Seconds in which a message can be edited; 0: no limit."`
	RefundLotDays       *int64               `json:"refundLotDays,omitempty" minimum:"1" maximum:"365" doc:"Days in which refunds of expired currency can be spent."`
	ErasureOfMessages   *string              `json:"erasureOfMessages,omitempty" enum:"anonymise,delete" doc:"anonymise: the messages of an erased member stay without their author."`
	Currencies          *struct {
		Coins   *currency `json:"coins,omitempty"`
		Premium *currency `json:"premium,omitempty"`
	} `json:"currencies,omitempty"`
}

// change converts the settings.
func (s *Settings) change() community.Change {
	c := community.Change{Logo: s.Logo, TimeZone: s.TimeZone, DefaultCountry: s.DefaultCountry, OpenBulkImport: s.OpenBulkImport, EditWindow: s.EditWindow, ErasureOfMessages: s.ErasureOfMessages, RefundLotDays: s.RefundLotDays}
	if s.Languages != nil {
		c.Languages = &s.Languages
	}
	if s.AllowedFrameOrigins != nil {
		c.AllowedFrameOrigins = &s.AllowedFrameOrigins
	}
	if s.BannedWords != nil {
		c.BannedWords = &s.BannedWords
	}
	if s.AlertWords != nil {
		c.AlertWords = &s.AlertWords
	}
	if s.Colors != nil {
		c.Accent = &s.Colors.Accent
	}
	if j := s.JoiningRequirements; j != nil {
		c.Joining = &community.Joining{Policy: j.Policy, RequiredFields: j.RequiredFields}
	}
	if s.Currencies != nil {
		c.Coins, c.CoinsExpiry = s.Currencies.Coins.change()
		c.Premium, c.PremiumExpiry = s.Currencies.Premium.change()
	}
	return c
}

type newServer struct {
	Body struct {
		Name string `json:"name" example:"Rovers" doc:"1 to 100 characters."`
		Settings
	} `nameHint:"NewServer"`
}

type serverChange struct {
	wire.ServerPath
	Body struct {
		Name *string `json:"name,omitempty" example:"Rovers" doc:"1 to 100 characters."`
		Settings
	} `nameHint:"ServerChange"`
}

type serverQuery struct {
	Deleted bool `query:"deleted" doc:"true lists deleted communities that you owned and can restore."`
}

func (h *handlers) createServer(ctx context.Context, in *newServer) (*api.Answer[server], error) {
	change := in.Body.change()
	created, err := h.access.CreateCommunity(ctx, actor.FromContext(ctx), change.Input(in.Body.Name))
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "Community created", created)
}

func (h *handlers) respondServer(ctx context.Context, message string, c community.Community) (*api.Answer[server], error) {
	homes, err := h.members.Summaries(ctx, c)
	if err != nil {
		return nil, err
	}
	view, err := h.serverView(ctx, homes[0])
	if err != nil {
		return nil, err
	}
	return api.Respond(message, view), nil
}

func (h *handlers) listServers(ctx context.Context, in *serverQuery) (*api.Answer[[]server], error) {
	homes, err := h.members.SummariesOf(ctx, actor.FromContext(ctx), in.Deleted, h.communities.ErasureCutoff())
	if err != nil {
		return nil, err
	}
	views := []server{}
	for _, home := range homes {
		view, err := h.serverView(ctx, home)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return api.Respond("Your communities", views), nil
}

func (h *handlers) getServer(ctx context.Context, _ *wire.ServerPath) (*api.Answer[server], error) {
	found, err := h.communities.Get(ctx, api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "The community", found)
}

func (h *handlers) updateServer(ctx context.Context, in *serverChange) (*api.Answer[server], error) {
	change := in.Body.change()
	change.Name = in.Body.Name
	changed, err := h.access.UpdateCommunity(ctx, actor.FromContext(ctx), api.CommunityID(ctx), change)
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "Community updated", changed)
}
