package console

import (
	"testing"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
)

func fixtureRoles() []RoleRow {
	return []RoleRow{
		{"r1", "Board", "#c2410c", 900, false, false, false, []string{"Administrator"}},
		{"r2", "Coach", "#0f8a6d", 50, false, false, true, []string{"Manage channels", "Invite people", "Warn members", "Suspend members"}},
		{"r3", "Volunteers of the spring marathon", "#4f46e5", 10, false, true, true, nil},
		{"r4", "@all", "#808080", 0, true, false, true, nil},
	}
}

func fixtureChannels() ChannelsView {
	categories := []chat.Category{{ID: "k1", Name: "Matches"}, {ID: "k2", Name: "Behind the scenes"}, {ID: "k3", Name: "Empty"}}
	channels := []chat.Channel{
		{ID: "c1", Topic: "lobby", Type: chat.Open, Description: "Say hello and find somebody to run with on Sunday mornings."},
		{ID: "c2", Topic: "news", Type: chat.Announcement},
		{ID: "c3", Topic: "results", Type: chat.Iframe, CategoryID: "k1", URL: "https://board.example"},
		{ID: "c4", Topic: "coaches-and-volunteers-of-the-spring-marathon", Type: chat.Forum, CategoryID: "k2", Private: true},
	}
	return ChannelsView{
		Page: fixturePage("Channels", "channels", "Where members meet, in the order they see them."), Groups: channelGroups(categories, channels), Origins: "https://board.example",
	}
}

func fixtureOverrides() OverridesView {
	p := fixturePage("Who may do what in lobby", "channels", "")
	v := OverridesView{
		Page: p, ID: "c1", Topic: "lobby", User: "grace", Who: "Grace Hopper", Roles: []Choice{{"r1", "Board"}},
		Rows: []OverrideRow{
			{"role:r4", "@all", "#808080", true, map[string]string{"view_message_history": "deny"}},
			{"role:r2", "Coach", "#0f8a6d", false, map[string]string{"view_message_history": "allow", "pinable": "allow"}},
			{"user:u1", "Maximiliane Oberbichler-Stadelbauer", "", false, map[string]string{"post_messages": "deny"}},
		},
	}
	for i, g := range channelGrants {
		rules := []access.Rule{access.RuleMemberOverride, access.RuleRoleOverride, access.RuleEveryone, access.RuleNone}
		v.Rulings = append(v.Rulings, RulingRow{g.Label, i%2 == 0, p.why(access.Decision{Allowed: i%2 == 0, Rule: rules[i%4], Role: access.Role{Title: "Coach"}})})
	}
	return v
}

func TestPagesOfRolesAndChannelsAreAccessibleAndKeepThePolicy(t *testing.T) {
	checkGallery(t, roleFixtures())
}

func roleFixtures() map[string]templ.Component {
	roles := fixtureRoles()
	help := "What members may do. The higher a role, the more it counts."
	granted := map[string]bool{"r1:server_administrator": true, "r2:manage_channels": true, "r4:post_messages": true}
	role := RoleView{
		Page: fixturePage("Coach", "roles", ""), ID: "r2", Name: "Coach", Title: "Coach", Class: "#0f8a6d", Order: "50", Below: true,
		Server: map[string]bool{"manage_channels": true}, Channel: map[string]bool{"post_messages": true}, Total: 2,
		Members: []RoleMember{{"u1", "Grace Hopper", "grace"}, {"u2", "Maximiliane Oberbichler-Stadelbauer", "maximiliane.oberbichler-stadelbauer"}},
	}
	wrong := RoleView{Page: fixturePage("New role", "roles", ""), Title: "a,b", Class: "#808080", Order: "-1", Below: true, Errors: map[string]string{"title": "A title has 1 to 50 characters, none of them a comma or a control character.", "order": "The order of a role is 0 to 10000."}}
	above := RoleView{Page: fixturePage("Board", "roles", ""), ID: "r1", Name: "Board", Title: "Board", Class: "#c2410c", Order: "900"}
	return map[string]templ.Component{
		"roles": RolesPage(RolesView{fixturePage("Roles", "roles", help), roles}), "role": RolePage(role), "role-new": RolePage(wrong), "role-above": RolePage(above),
		"role-matrix": MatrixPage(MatrixView{fixturePage("Roles", "roles", help), roles, granted}),
		"role-view": RolePreviewPage(RolePreview{
			Page: fixturePage("View as Coach", "roles", ""), ID: "r2", Name: "Coach", Server: []string{"Manage channels"},
			Seen: []PreviewChannel{{"lobby", "hash", []string{"Post messages", "Attach files", "Share links", "Mention members"}}, {"news", "megaphone", nil}}, Hidden: []string{"board"},
		}),
		"channels": ChannelsPage(fixtureChannels()), "channels-empty": ChannelsPage(ChannelsView{Page: fixturePage("Channels", "channels", ""), Groups: []ChannelGroup{{}}}),
		"channel": ChannelPage(ChannelView{
			Page: fixturePage("results", "channels", ""), ID: "c3", Name: "results", Topic: "results", Type: "iframe", URL: "https://evil.example",
			Parents: []Choice{{"", "In no category"}, {"k1", "Matches"}}, Parent: "k1", Errors: map[string]string{"url": "Pages of https://evil.example may not be shown here."},
		}),
		"channel-new":         ChannelPage(ChannelView{Page: fixturePage("New channel", "channels", ""), Types: channelTypes, Type: "open", Parents: []Choice{{"", "In no category"}}}),
		"channel-permissions": OverridesPage(fixtureOverrides()),
		"category":            CategoryPage(CategoryView{Page: fixturePage("Matches", "channels", ""), ID: "k1", Was: "Matches", Name: "Matches"}),
	}
}
