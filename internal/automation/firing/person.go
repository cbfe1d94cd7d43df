package firing

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/automation/expression"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/progress/earned"
	"github.com/regulars/regulars/internal/sqldb"
)

// people are the members of events, as expressions see them.
type people struct {
	f     *Firings
	q     sqldb.Querier
	home  community.Community
	byID  map[string]member.Member
	users map[string]map[string]any
}

// user returns a member, one without values for none.
func (p *people) user(memberID string) map[string]any {
	if known := p.users[memberID]; known != nil {
		return known
	}
	return nobody
}

// nobody is a member without values.
var nobody = func() map[string]any {
	object, _ := generic(expression.User{Roles: []string{}, Tags: []string{}, CustomFields: map[string]any{}, Badges: []expression.UserBadge{}}) // it has JSON
	return object
}()

// load loads members, again if they were loaded before.
func (p *people) load(ctx context.Context, ids ...string) error {
	if p.byID == nil {
		p.byID, p.users = map[string]member.Member{}, map[string]map[string]any{}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := member.LoadMany(ctx, p.q, p.home.ID, ids)
	if err != nil {
		return err
	}
	names, err := member.LoadNames(ctx, p.q, p.home.ID)
	if err != nil {
		return err
	}
	now := p.f.d.Clock.Now()
	figures, err := figure.Of(ctx, p.q, figure.Moment{Today: p.home.Day(now), MS: now.UnixMilli()}, p.home.ID, ids)
	if err != nil {
		return err
	}
	rewards, err := earned.Rewards().Of(ctx, p.q, p.home.ID, ids)
	if err != nil {
		return err
	}
	for _, memberID := range ids {
		delete(p.byID, memberID)
		delete(p.users, memberID)
		who, exists := found[memberID]
		if !exists {
			continue
		}
		p.byID[memberID] = who
		if p.users[memberID], err = generic(userOf(who, names, figures[memberID], rewards[memberID])); err != nil {
			return err
		}
	}
	return nil
}

// generic returns the JSON object of a value, as expressions read it.
func generic(value any) (object map[string]any, err error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return object, json.Unmarshal(encoded, &object)
}

// userOf returns a member for expressions.
func userOf(m member.Member, names member.Names, f figure.Figures, r figure.Rewards) expression.User {
	u := expression.User{
		ID: m.ID, Number: m.Number, Username: m.Username, DisplayName: cmp.Or(m.DisplayName, m.Username), FirstName: m.FirstName, LastName: m.LastName, Email: m.Email, Phone: m.Phone,
		Country: m.Country, Language: m.Language, Roles: names.RolesOf(&m), Tags: names.TagsOf(&m), CustomFields: m.Values.Map(), ExternalID: m.ExternalID,
		Referral: m.Referral, Claimed: m.Claimed(), JoinedAt: clock.Format(m.JoinedAt),
		XP: f.XP, Coins: f.Coins, PremiumCurrency: f.Premium, XPEarnedToday: f.XPToday, CoinsEarnedToday: f.CoinsToday, TotalMessages: f.Messages, TotalReactions: f.Reactions,
		ReplySent: f.Replies, VisitCount: f.Visits, TimeSpent: f.Minutes, LoginStreak: f.LoginStreak, IsOnline: f.Online, Badges: []expression.UserBadge{},
	}
	if len(u.Roles) > 0 {
		u.HighestRole = u.Roles[0]
	}
	for _, one := range r.Badges {
		u.Badges = append(u.Badges, expression.UserBadge(one))
	}
	if r.Tier.ID != "" {
		u.Tier = &expression.UserTier{ID: r.Tier.ID, Name: r.Tier.Name, Level: r.Tier.Level}
	}
	return u
}
