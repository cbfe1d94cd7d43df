package user

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
)

func (h *handlers) userRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/info", ID: "getUserData", Summary: "Find a user",
		Permissions: readUsers, Traits: api.Compat | api.ReadOnly,
		Description: "Finds a member by `_id`, number, email address or username.",
	}, h.userInfo)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/users", ID: "listUsers", Summary: "List users",
		Permissions: readUsers,
		Description: "Lists active members by page. `search`, `role`, `tag` and `claimed` narrow the list; all conditions must hold. See `POST /v1/users/filter` for filters by any field.",
	}, h.listUsers)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/{userId}", ID: "getUser", Summary: "Get a user",
		Permissions: readUsers, Traits: api.Compat,
		Description: "Returns the fields that are `true` in the query; if none is, all fields that are not `false`.",
	}, h.selectUser)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/users/{userId}", ID: "getCommunityUser", Summary: "Get a user of a community",
		Permissions: readUsers,
		Description: "Returns a user as `POST /v1/users/info` does.",
	}, h.communityUser)
}

type user struct {
	ID           string         `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID       int64          `json:"userId" example:"1042" doc:"The number of the user."`
	Username     string         `json:"username" example:"ada"`
	DisplayName  string         `json:"displayName" example:"Ada L."`
	FirstName    string         `json:"firstName" example:"Ada"`
	LastName     string         `json:"lastName" example:"Lovelace"`
	Email        string         `json:"email" example:"ada@example.com"`
	Phone        string         `json:"phone" example:"+442071234567" doc:"Empty when unknown."`
	Country      string         `json:"country" example:"GB" doc:"ISO 3166 alpha-2; empty when unknown."`
	Language     string         `json:"language" example:"en" doc:"BCP 47; empty when unknown."`
	Roles        []string       `json:"roles" nullable:"false" doc:"Titles, highest rank first; every member has @all."`
	HighestRole  string         `json:"highestRole" example:"VIP"`
	Tags         []string       `json:"tags" nullable:"false"`
	CustomFields map[string]any `json:"customFields" nullable:"false" doc:"By field, with values of the field's type; an unset field is absent."`
	Avatar       string         `json:"avatar" doc:"The address of the picture; empty: none."`
	ExternalID   string         `json:"externalId,omitempty" doc:"The id in another system."`
	Referral     string         `json:"referral,omitempty" doc:"The referrer."`
	Claimed      bool           `json:"claimed" doc:"false for a user who was added by others and has not accepted."`
	JoinedAt     string         `json:"joinedAt" format:"date-time"`

	XP               int64 `json:"xp" doc:"The balance of XP, which decides the tier."`
	Coins            int64 `json:"coins"`
	PremiumCurrency  int64 `json:"premiumCurrency"`
	XPEarnedToday    int64 `json:"xpEarnedToday" doc:"On the present day of the community, without refunds and less reversals."`
	CoinsEarnedToday int64 `json:"coinsEarnedToday"`

	TotalMessages  int64   `json:"totalMessages" doc:"Messages of the user, without replies. Direct conversations do not count, here and in the next two."`
	TotalReactions int64   `json:"totalReactions" doc:"Reactions of the user to messages."`
	ReplySent      int64   `json:"replySent" doc:"Replies of the user."`
	VisitCount     int64   `json:"visitCount" doc:"A visit begins after 30 minutes without a request or action."`
	TimeSpent      int64   `json:"timeSpent" doc:"Minutes with a request or action."`
	LoginStreak    int64   `json:"loginStreak" doc:"Consecutive days with a visit, until today or yesterday in the time zone of the community."`
	IsOnline       bool    `json:"isOnline" doc:"Has an open live connection, or was active within the last five minutes."`
	LastSeenAt     *string `json:"lastSeenAt" format:"date-time" doc:"The last request or action; null: never."`

	Tier   *figure.Tier   `json:"tier" doc:"null: below the first threshold, or no tiers."`
	Badges []figure.Badge `json:"badges" nullable:"false" doc:"The newest 20, the newest one first."`
}

// names resolves ids of roles, tags and pictures of members.
type names struct {
	member.Names
	avatarURL func(pictureID string) string
	figures   map[string]figure.Figures
}

// names returns the names for members.
func (h *handlers) names(ctx context.Context, members ...member.Member) (names, error) {
	found, err := h.members.NamesFor(ctx, actor.FromContext(ctx), api.CommunityID(ctx), members...)
	return names{Names: found, avatarURL: func(pictureID string) string { return h.members.AvatarURL(api.CommunityID(ctx), pictureID) }}, err
}

// details returns the names and figures for members.
func (h *handlers) details(ctx context.Context, members ...member.Member) (names, error) {
	found, err := h.names(ctx, members...)
	if err != nil {
		return found, err
	}
	found.figures, err = h.members.Figures(ctx, actor.FromContext(ctx), api.CommunityID(ctx), members...)
	return found, err
}

func (n names) user(m member.Member) user {
	u := user{
		ID: m.ID, UserID: m.Number, Username: m.Username, DisplayName: m.DisplayName, FirstName: m.FirstName, LastName: m.LastName,
		Email: m.Email, Phone: m.Phone, Country: m.Country, Language: m.Language, Roles: n.RolesOf(&m), Tags: n.TagsOf(&m),
		CustomFields: m.Values.Map(), JoinedAt: clock.Format(m.JoinedAt),
		Avatar: n.avatarURL(m.AvatarID), ExternalID: m.ExternalID, Referral: m.Referral, Claimed: m.Claimed(),
	}
	if len(u.Roles) > 0 {
		u.HighestRole = u.Roles[0]
	}
	f := n.figures[m.ID]
	u.TotalMessages, u.TotalReactions, u.ReplySent, u.VisitCount, u.TimeSpent = f.Messages, f.Reactions, f.Replies, f.Visits, f.Minutes
	u.LoginStreak, u.IsOnline = f.LoginStreak, f.Online
	u.XP, u.Coins, u.PremiumCurrency, u.XPEarnedToday, u.CoinsEarnedToday = f.XP, f.Coins, f.Premium, f.XPToday, f.CoinsToday
	u.Badges = append([]figure.Badge{}, f.Badges...)
	if f.Tier.ID != "" {
		u.Tier = &f.Tier
	}
	if f.SeenAt > 0 {
		seen := clock.Format(f.SeenAt)
		u.LastSeenAt = &seen
	}
	return u
}

type infoInput struct {
	Body struct {
		IDOrEmail wire.UserRef `json:"idOrEmail" doc:"_id, number, email, username, or external: and the external id."`
		api.BodyCommunity
	} `nameHint:"UserQuestion"`
}

type userQuery struct {
	wire.CommunityPath
	wire.PageInput
	Search  string   `query:"search" maxLength:"200" doc:"The beginning of an email address or username, or part of a name."`
	Role    string   `query:"role" doc:"The _id or title of a role."`
	Tag     string   `query:"tag" doc:"The _id or name of a tag."`
	Claimed selector `query:"claimed" doc:"true: users who have accepted or joined; false: users who were added by others and have not accepted; absent: both."`
	Sort    string   `query:"sort" enum:"-created,created,username,-username,email,-email" default:"-created" doc:"A leading - reverses the order."`
}

func (h *handlers) userInfo(ctx context.Context, in *infoInput) (*api.Answer[user], error) {
	found, err := h.members.Find(ctx, actor.FromContext(ctx), api.CommunityID(ctx), string(in.Body.IDOrEmail))
	if err != nil {
		return nil, err
	}
	names, err := h.details(ctx, found)
	if err != nil {
		return nil, err
	}
	return api.Respond("User data", names.user(found)), nil
}

func (h *handlers) listUsers(ctx context.Context, in *userQuery) (*api.List[user, wire.Pages], error) {
	filter := directory.Filter{Search: in.Search, Sort: in.Sort, Page: in.Page, Limit: in.Limit}
	switch {
	case in.Claimed.selected:
		filter.Claim = directory.ClaimedOnly
	case in.Claimed.excluded:
		filter.Claim = directory.UnclaimedOnly
	}
	if in.Role != "" || in.Tag != "" {
		all, err := h.members.Names(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
		if err != nil {
			return nil, err
		}
		filter.RoleID, filter.TagID = all.Role(in.Role), all.Tag(in.Tag)
	}
	found, err := h.members.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), filter)
	if err != nil {
		return nil, err
	}
	names, err := h.details(ctx, found.Members...)
	if err != nil {
		return nil, err
	}
	meta := wire.Pages{Page: in.Page, Limit: in.Limit, Total: found.Total, TotalCapped: found.TotalCapped}
	return api.RespondList("Users of the community", api.Convert(found.Members, names.user), meta), nil
}
