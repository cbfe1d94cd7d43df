package chat_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var command = actor.Actor{Kind: actor.Command}

// place is a community with channels, and people of several heights: owner,
// mod (5: manage_channels, manage_roles), high (9) and plain.
type place struct {
	*testing.T
	db          *sqldb.DB
	auth        *access.Access
	accounts    *signin.Accounts
	chat        *chat.Chat
	communities *community.Communities
	members     *roster.Roster
	ownership   *ownership.Ownership
	id          string
	roles       map[string]access.Role
	people      map[string]actor.Actor
}

func each(t *testing.T, test func(p *place)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := clock.Clock{}
		p := &place{T: t, db: db, communities: community.New(community.Deps{DB: db, Clock: c, OnCreate: []community.CreateHook{access.OnCommunityCreated}, OnChange: []community.ChangeHook{access.OnCommunityChanged}}), roles: map[string]access.Role{}, people: map[string]actor.Actor{}}
		p.accounts = signin.New(signin.Deps{
			DB: db, Clock: c, Log: slog.New(slog.DiscardHandler), AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, c), RevokeKeys: access.RevokeUserKeys,
		})
		p.auth = access.New(access.Deps{DB: db, Accounts: p.accounts, Communities: p.communities, Memberships: member.Memberships{}, Clock: c, Log: slog.New(slog.DiscardHandler)})
		p.members = roster.New(roster.Deps{DB: db, Clock: c, Access: p.auth, Erase: []roster.Eraser{chat.EraseMembers}})
		p.ownership = ownership.New(ownership.Deps{DB: db, Clock: c, Members: p.members, Access: p.auth, Accounts: p.accounts})
		p.chat = chat.New(chat.Deps{DB: db, Access: p.auth, Members: p.members, Clock: c})
		p.id = p.community()
		for _, in := range []access.RoleInput{
			{Title: "mod", Order: 5, ServerPermissions: map[string]bool{"manage_channels": true, "manage_roles": true}}, {Title: "high", Order: 9}, {Title: "low", Order: 2},
		} {
			role, err := p.auth.CreateRole(t.Context(), command, p.id, in)
			p.ok(err)
			p.roles[in.Title] = role
		}
		all, err := access.Roles(t.Context(), db, p.id)
		p.ok(err)
		p.roles["@all"] = all[len(all)-1]
		for _, name := range []string{"owner", "mod", "high", "low", "plain"} {
			p.join(name)
		}
		p.ok(p.ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, p.id, p.people["owner"].AccountID))
		test(p)
	})
}

func (p *place) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *place) fails(what string, err error, code string) {
	p.Helper()
	if !errs.Is(err, code) {
		p.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (p *place) community() string {
	p.Helper()
	c, err := p.communities.Create(p.Context(), community.Input{Name: "Place", Settings: community.Settings{AllowedFrameOrigins: []string{"https://board.example"}}}, actor.Actor{})
	p.ok(err)
	return c.ID
}

// join makes a member, with the role of the same name if there is one.
func (p *place) join(name string) {
	p.Helper()
	account, err := p.accounts.CreateAccount(p.Context(), signin.Input{Email: name + "@example.com", Username: name})
	p.ok(err)
	r := &member.Record{ID: id.New(clock.Clock{}.Now()), AccountID: account.ID, Email: account.Email, EmailKey: account.Email, Username: name, UsernameKey: name, State: member.Active, FirstName: name, LastName: "X", JoinedAt: 1, UpdatedAt: 1}
	if role, ok := p.roles[name]; ok {
		r.RoleIDs = []string{role.ID}
	}
	p.ok(p.db.Tx(p.Context(), func(tx *sqldb.Tx) error {
		return member.Insert(p.Context(), tx, p.id, []*member.Record{r})
	}))
	p.people[name] = actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: name}
}

// member is the id of somebody as a member.
func (p *place) member(name string) string {
	p.Helper()
	m, err := p.members.Self(p.Context(), p.people[name], p.id)
	p.ok(err)
	return m.ID
}

func (p *place) channel(in chat.Input) chat.Channel {
	p.Helper()
	made, err := p.chat.CreateChannel(p.Context(), command, p.id, in)
	p.ok(err)
	return made
}

func (p *place) category(name string) chat.Category {
	p.Helper()
	made, err := p.chat.CreateCategory(p.Context(), command, p.id, name)
	p.ok(err)
	return made
}

// topics are the channels that somebody sees, in order, each after the name of
// its category.
func (p *place) topics(actor actor.Actor) (topics []string) {
	p.Helper()
	names := map[string]string{"": ""}
	categories, err := p.chat.Categories(p.Context(), actor, p.id)
	p.ok(err)
	for _, c := range categories {
		names[c.ID] = c.Name + "/"
	}
	all, err := p.chat.Channels(p.Context(), actor, p.id)
	p.ok(err)
	for _, ch := range all {
		topics = append(topics, names[ch.CategoryID]+ch.Topic)
	}
	return topics
}

func (p *place) sees(what string, actor actor.Actor, want ...string) {
	p.Helper()
	if d := cmp.Diff(want, p.topics(actor)); d != "" {
		p.Errorf("%s: %s", what, d)
	}
}

func TestChannelLifecycleIsAudited(t *testing.T) {
	each(t, func(p *place) {
		made := p.channel(chat.Input{Topic: " Cafe\u0301 ", Description: "talk"})
		if made.Topic != "Caf\u00e9" || made.Type != chat.Open || made.Private {
			t.Errorf("%+v", made)
		}
		read, err := p.chat.Channel(p.Context(), command, p.id, made.ID)
		if d := cmp.Diff(made, read); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
		kind := chat.Announcement
		changed, err := p.chat.UpdateChannel(p.Context(), command, p.id, made.ID, chat.Change{Topic: new("news"), Type: &kind})
		if err != nil || changed.Topic != "news" || changed.Type != kind || changed.Description != "talk" || changed.CreatedAt != made.CreatedAt {
			t.Errorf("%+v %v", changed, err)
		}
		_, err = p.chat.UpdateChannel(p.Context(), command, p.id, made.ID, chat.Change{Topic: new("news")})
		p.ok(err)
		p.ok(p.chat.DeleteChannel(p.Context(), command, p.id, made.ID))
		p.fails("again", p.chat.DeleteChannel(p.Context(), command, p.id, made.ID), "channel_not_found")
		entries, _, err := audit.List(p.Context(), p.db, p.id, audit.Filter{Action: "channel.", Limit: 9})
		p.ok(err)
		var actions []string
		for _, e := range entries {
			actions = append(actions, string(e.Action))
		}
		if d := cmp.Diff([]string{"channel.delete", "channel.update", "channel.create"}, actions); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]audit.Change{{Field: "topic", Old: "Caf\u00e9", New: "news"}, {Field: "channelType", Old: "open", New: "announcement"}}, entries[1].Changes); d != "" {
			t.Error(d)
		}
	})
}

func TestEveryInvalidChannelFieldIsReported(t *testing.T) {
	each(t, func(p *place) {
		for name, c := range map[string]struct {
			in     chat.Input
			fields string
		}{
			"empty":             {chat.Input{}, "topic:invalid"},
			"too long":          {chat.Input{Topic: strings.Repeat("ä", 101), Description: strings.Repeat("x", 501), Type: "voice"}, "topic:invalid description:invalid channelType:unknown_type"},
			"control":           {chat.Input{Topic: "a\nb"}, "topic:invalid"},
			"url of text":       {chat.Input{Topic: "a", URL: "https://board.example"}, "url:not_taken"},
			"no url":            {chat.Input{Topic: "a", Type: chat.Iframe}, "url:invalid"},
			"http":              {chat.Input{Topic: "a", Type: chat.Iframe, URL: "http://board.example/"}, "url:invalid"},
			"script":            {chat.Input{Topic: "a", Type: chat.Iframe, URL: "javascript:alert(1)"}, "url:invalid"},
			"password":          {chat.Input{Topic: "a", Type: chat.Iframe, URL: "https://u:p@board.example/"}, "url:invalid"},
			"another origin":    {chat.Input{Topic: "a", Type: chat.Iframe, URL: "https://evil.example/"}, "url:origin_not_allowed"},
			"another port":      {chat.Input{Topic: "a", Type: chat.Iframe, URL: "https://board.example:8443/"}, "url:origin_not_allowed"},
			"a part of a name":  {chat.Input{Topic: "a", Type: chat.Iframe, URL: "https://board.example.evil.example/"}, "url:origin_not_allowed"},
			"good":              {chat.Input{Topic: "a", Type: chat.Iframe, URL: "https://board.example/x?y=z#w"}, ""},
			"all sorts at once": {chat.Input{Topic: "", Type: "x", URL: "y"}, "topic:invalid channelType:unknown_type url:not_taken"},
		} {
			_, err := p.chat.CreateChannel(p.Context(), command, p.id, c.in)
			var fields []string
			if e := errs.From(err); err != nil && e != nil {
				for _, f := range e.Fields {
					fields = append(fields, f.Field+":"+f.Code)
				}
			}
			if got := strings.Join(fields, " "); got != c.fields {
				t.Errorf("%s: %q, want %q (%v)", name, got, c.fields, err)
			}
		}
	})
}

func TestChannelTypeIsFixedAndIframeNeedsAnAllowedOrigin(t *testing.T) {
	each(t, func(p *place) {
		board := p.channel(chat.Input{Topic: "board", Type: chat.Iframe, URL: "https://board.example/a"})
		kind := chat.Open
		_, err := p.chat.UpdateChannel(p.Context(), command, p.id, board.ID, chat.Change{Type: &kind, URL: new("")})
		p.fails("type", err, "type_fixed")
		address, origin, err := p.chat.Frame(p.Context(), membertest.Command, p.id, board)
		if err != nil || address != "https://board.example/a" || origin != "https://board.example" {
			t.Errorf("%q %q %v", address, origin, err)
		}
		_, err = p.communities.Update(p.Context(), p.id, community.Change{AllowedFrameOrigins: &[]string{}}, actor.Actor{})
		p.ok(err)
		_, _, err = p.chat.Frame(p.Context(), membertest.Command, p.id, board)
		p.fails("origin that went", err, "origin_not_allowed")
		_, err = p.chat.UpdateChannel(p.Context(), command, p.id, board.ID, chat.Change{URL: new("https://board.example/b")})
		p.fails("another page", err, "invalid_input")
		_, err = p.chat.UpdateChannel(p.Context(), command, p.id, board.ID, chat.Change{Topic: new("Board")})
		p.ok(err)
		_, _, err = p.chat.Frame(p.Context(), membertest.Command, p.id, p.channel(chat.Input{Topic: "text"}))
		p.fails("text", err, "not_a_frame")
	})
}

func TestChannelsAreListedInMovedOrder(t *testing.T) {
	each(t, func(p *place) {
		one, two := p.category("one"), p.category("two")
		channels := map[string]chat.Channel{}
		for _, c := range []struct{ topic, category string }{{"a", ""}, {"b", ""}, {"c", ""}, {"d", one.ID}, {"e", two.ID}} {
			channels[c.topic] = p.channel(chat.Input{Topic: c.topic, CategoryID: c.category})
		}
		move := func(topic, category string, position int) {
			t.Helper()
			_, err := p.chat.UpdateChannel(p.Context(), command, p.id, channels[topic].ID, chat.Change{CategoryID: &category, Position: &position})
			p.ok(err)
		}
		p.sees("as made", command, "a", "b", "c", "one/d", "two/e")
		move("c", "", 0)
		p.sees("to the front", command, "c", "a", "b", "one/d", "two/e")
		move("c", "", 99)
		p.sees("to the end", command, "a", "b", "c", "one/d", "two/e")
		move("a", "", 1)
		p.sees("down by one", command, "b", "a", "c", "one/d", "two/e")
		move("c", one.ID, 0)
		p.sees("into a category", command, "b", "a", "one/c", "one/d", "two/e")
		_, err := p.chat.UpdateChannel(p.Context(), command, p.id, channels["e"].ID, chat.Change{CategoryID: &one.ID})
		p.ok(err)
		p.sees("to the end of a category", command, "b", "a", "one/c", "one/d", "one/e")
		move("b", two.ID, -5)
		_, err = p.chat.UpdateCategory(p.Context(), command, p.id, two.ID, chat.CategoryChange{Name: new("2"), Position: new(0)})
		p.ok(err)
		p.sees("a category to the front", command, "a", "2/b", "one/c", "one/d", "one/e")
		p.ok(p.chat.DeleteCategory(p.Context(), command, p.id, one.ID))
		p.sees("without the category", command, "a", "c", "d", "e", "2/b")
		_, err = p.chat.UpdateChannel(p.Context(), command, p.id, channels["a"].ID, chat.Change{CategoryID: &one.ID})
		p.fails("into a category that is gone", err, "category_not_found")
		_, err = p.chat.CreateCategory(p.Context(), command, p.id, " ")
		p.fails("no name", err, "invalid_input")
	})
}

func TestConcurrentMovesKeepPositionsDistinct(t *testing.T) {
	each(t, func(p *place) {
		var channels []chat.Channel
		for i := range 6 {
			channels = append(channels, p.channel(chat.Input{Topic: fmt.Sprint(i)}))
		}
		var all sync.WaitGroup
		for i, ch := range channels {
			all.Go(func() {
				if _, err := p.chat.UpdateChannel(p.Context(), command, p.id, ch.ID, chat.Change{Position: new(5 - i)}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		found, err := p.chat.Channels(p.Context(), command, p.id)
		p.ok(err)
		taken := map[int]bool{}
		for _, ch := range found {
			if taken[ch.Position] {
				t.Errorf("two at %d", ch.Position)
			}
			taken[ch.Position] = true
		}
	})
}

func TestHiddenChannelIsNotFound(t *testing.T) {
	each(t, func(p *place) {
		p.channel(chat.Input{Topic: "lobby"})
		staff := p.channel(chat.Input{Topic: "staff", Private: true})
		direct := p.channel(chat.Input{Topic: "direct", Type: chat.Direct})
		if !staff.Private || !direct.Private {
			t.Error("they are not private")
		}
		_, err := p.chat.SetOverrides(p.Context(), command, p.id, staff.ID, []chat.OverrideInput{
			{RoleID: p.roles["@all"].ID, Deny: []string{"view_message_history"}}, {RoleID: p.roles["mod"].ID, Allow: []string{"view_message_history"}}, {User: "low", Allow: []string{"view_message_history"}},
		})
		p.ok(err)
		p.sees("plain", p.people["plain"], "lobby")
		p.sees("mod", p.people["mod"], "lobby", "staff")
		p.sees("low", p.people["low"], "lobby", "staff")
		p.sees("owner", p.people["owner"], "lobby", "staff", "direct")
		p.sees("key", actor.Actor{Kind: actor.CommunityKey, CommunityID: p.id}, "lobby", "staff", "direct")
		if _, err := p.chat.Channel(p.Context(), p.people["plain"], p.id, staff.ID); !errs.Is(err, "channel_not_found") {
			t.Error(err)
		}
		_, err = p.chat.UpdateChannel(p.Context(), p.people["mod"], p.id, direct.ID, chat.Change{Topic: new("x")})
		p.fails("a hidden channel is changed", err, "channel_not_found")
		p.fails("a hidden channel is deleted", p.chat.DeleteChannel(p.Context(), p.people["mod"], p.id, direct.ID), "channel_not_found")
		open, err := p.chat.UpdateChannel(p.Context(), command, p.id, staff.ID, chat.Change{Private: new(false)})
		if err != nil || open.Private || len(open.Overrides) != 2 {
			t.Errorf("%+v %v", open, err)
		}
		p.sees("plain, afterwards", p.people["plain"], "lobby", "staff")
		other := p.community()
		if _, err := p.chat.Channel(p.Context(), command, other, staff.ID); !errs.Is(err, "channel_not_found") {
			t.Error(err)
		}
	})
}

func TestOverridesKeepPrivateChannelHidden(t *testing.T) {
	each(t, func(p *place) {
		see, post, attach := []string{"view_message_history"}, []string{"post_messages"}, []string{"attach_files"}
		everyone := p.roles["@all"].ID
		for _, made := range []chat.Channel{p.channel(chat.Input{Topic: "staff", Private: true}), p.channel(chat.Input{Topic: "direct", Type: chat.Direct})} {
			for what, inputs := range map[string][]chat.OverrideInput{
				"none":             {},
				"of a member":      {{User: "mod", Allow: post}},
				"of @all, empty":   {{RoleID: everyone}},
				"of @all, another": {{RoleID: everyone, Allow: attach, Deny: post}},
			} {
				ch, err := p.chat.SetOverrides(p.Context(), command, p.id, made.ID, inputs)
				if err != nil || !ch.Private {
					t.Errorf("%s, %s: private %v %v", made.Topic, what, ch.Private, err)
				}
				p.sees(made.Topic+", "+what, p.people["plain"])
			}
			ch, err := p.chat.SetOverrides(p.Context(), command, p.id, made.ID, []chat.OverrideInput{{RoleID: everyone, Allow: attach, Deny: post}})
			p.ok(err)
			want := []access.Override{{RoleID: everyone, Allow: attach, Deny: []string{"post_messages", "view_message_history"}}}
			if d := cmp.Diff(want, ch.Overrides); d != "" {
				t.Error(d)
			}
			_, err = p.chat.SetOverrides(p.Context(), command, p.id, made.ID, []chat.OverrideInput{{RoleID: everyone, Allow: see}})
			code := "channel_private"
			if made.Type == chat.Direct {
				code = "direct_private"
				_, err := p.chat.UpdateChannel(p.Context(), command, p.id, made.ID, chat.Change{Private: new(false)})
				p.fails("a direct channel is opened", err, code)
			}
			p.fails(made.Topic+" is opened", err, code)
			p.sees(made.Topic+", afterwards", p.people["plain"])
		}
		lobby := p.channel(chat.Input{Topic: "lobby"})
		hidden, err := p.chat.SetOverrides(p.Context(), command, p.id, lobby.ID, []chat.OverrideInput{{RoleID: everyone, Deny: see}})
		if err != nil || !hidden.Private {
			t.Errorf("overrides hide no public channel: %+v %v", hidden, err)
		}
	})
}

func TestOverridesOfHigherRanksCannotBeChanged(t *testing.T) {
	each(t, func(p *place) {
		ch := p.channel(chat.Input{Topic: "lobby"})
		set := func(who string, inputs ...chat.OverrideInput) error {
			_, err := p.chat.SetOverrides(p.Context(), p.people[who], p.id, ch.ID, inputs)
			return err
		}
		role := func(title string, allow, deny []string) chat.OverrideInput {
			return chat.OverrideInput{RoleID: p.roles[title].ID, Allow: allow, Deny: deny}
		}
		user := func(name string, allow ...string) chat.OverrideInput {
			return chat.OverrideInput{User: name, Allow: allow}
		}
		post, analysis := []string{"post_messages"}, []string{"post_analysis"}
		low, everyone, plain := role("low", post, nil), role("@all", nil, []string{"attach_files"}), user("plain", "post_messages")
		p.ok(set("mod", low, everyone, plain))
		for what, err := range map[string]error{
			"role above":     set("mod", low, everyone, plain, role("high", post, nil)),
			"own role":       set("mod", low, everyone, plain, role("mod", post, nil)),
			"self":           set("mod", low, everyone, plain, user("mod", "post_messages")),
			"owner":          set("mod", low, everyone, plain, user("owner", "post_messages")),
			"member above":   set("mod", low, everyone, plain, user("high", "post_messages")),
			"no permission":  set("plain", role("low", post, nil)),
			"lacks it":       set("mod", everyone, plain, role("low", analysis, nil)),
			"lacks it here":  set("mod", low, plain, role("@all", []string{"attach_files"}, nil)),
			"takes it away":  set("mod"),
			"unknown things": set("owner", chat.OverrideInput{}, user("nobody"), chat.OverrideInput{RoleID: "0123456789abcdef01234567"}, role("low", []string{"fly"}, nil), role("low", post, post)),
		} {
			code := map[string]string{
				"no permission": "missing_permission", "lacks it": "missing_permission", "lacks it here": "missing_permission",
				"takes it away": "missing_permission", "unknown things": "invalid_input",
			}[what]
			if code == "" {
				code = "rank_too_low"
			}
			p.fails(what, err, code)
		}
		kept, err := p.chat.Channel(p.Context(), command, p.id, ch.ID)
		if err != nil || len(kept.Overrides) != 3 {
			t.Errorf("%+v %v", kept.Overrides, err)
		}
		p.ok(set("owner", role("high", post, nil), user("high", "post_analysis")))
		p.ok(p.members.DeleteRole(p.Context(), command, p.id, p.roles["high"].ID))
		kept, err = p.chat.Channel(p.Context(), command, p.id, ch.ID)
		if err != nil || len(kept.Overrides) != 1 {
			t.Errorf("the override of a role that is gone stays: %+v %v", kept.Overrides, err)
		}
		entries, _, err := audit.List(p.Context(), p.db, p.id, audit.Filter{Action: "channel.override", Limit: 9})
		if err != nil || len(entries) != 2 || entries[1].ActorName != "mod" || len(entries[1].Changes) != 3 {
			t.Errorf("%v %v", entries, err)
		}
	})
}

func TestExplanationNamesDecidingRule(t *testing.T) {
	each(t, func(p *place) {
		ch := p.channel(chat.Input{Topic: "lobby"})
		_, err := p.chat.SetOverrides(p.Context(), command, p.id, ch.ID, []chat.OverrideInput{
			{RoleID: p.roles["@all"].ID, Deny: []string{"post_messages", "attach_files"}},
			{RoleID: p.roles["low"].ID, Allow: []string{"post_messages"}, Deny: []string{"share_links"}},
			{User: "low", Deny: []string{"post_messages"}, Allow: []string{"pinable"}},
		})
		p.ok(err)
		for _, c := range []struct {
			who, permission, rule, role string
			allowed                     bool
		}{
			{"low", "post_messages", "member_override", "", false},
			{"low", "pinable", "member_override", "", true},
			{"low", "share_links", "role_override", "low", false},
			{"low", "attach_files", "everyone_override", "@all", false},
			{"low", "view_message_history", "everyone", "@all", true},
			{"low", "post_analysis", "nothing", "", false},
			{"plain", "post_messages", "everyone_override", "@all", false},
			{"owner", "post_messages", "owner", "", true},
		} {
			found, err := p.chat.Explain(p.Context(), command, p.id, ch.ID, c.who)
			p.ok(err)
			at := slices.IndexFunc(found.Rulings, func(r chat.Ruling) bool { return r.Permission == c.permission })
			got := found.Rulings[at]
			if got.Allowed != c.allowed || string(got.Rule) != c.rule || got.Role.Title != c.role {
				t.Errorf("%s %s: %v %s %q", c.who, c.permission, got.Allowed, got.Rule, got.Role.Title)
			}
		}
		_, err = p.chat.Explain(p.Context(), command, p.id, ch.ID, "nobody")
		p.fails("nobody", err, "user_not_found")
	})
}
