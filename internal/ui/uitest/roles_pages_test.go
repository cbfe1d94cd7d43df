package uitest_test

import (
	"testing"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/ui"
	uichannel "github.com/regulars/regulars/internal/ui/channel"
	uirole "github.com/regulars/regulars/internal/ui/role"
)

func fixtureRoles() []uirole.Row {
	return []uirole.Row{
		{ID: "r1", Title: "Board", Class: "#c2410c", Order: 900, Everyone: false, Billable: false, Below: false, May: []string{"Administrator"}},
		{ID: "r2", Title: "Coach", Class: "#0f8a6d", Order: 50, Everyone: false, Billable: false, Below: true, May: []string{"Manage channels", "Invite people", "Warn members", "Suspend members"}},
		{ID: "r3", Title: "Volunteers of the spring marathon", Class: "#4f46e5", Order: 10, Everyone: false, Billable: true, Below: true, May: nil},
		{ID: "r4", Title: "@all", Class: "#808080", Order: 0, Everyone: true, Billable: false, Below: true, May: nil},
	}
}

func fixtureChannels() uichannel.ChannelsView {
	categories := []chat.Category{{ID: "k1", Name: "Matches"}, {ID: "k2", Name: "Behind the scenes"}, {ID: "k3", Name: "Empty"}}
	channels := []chat.Channel{
		{ID: "c1", Topic: "lobby", Type: chat.Open, Description: "Say hello and find somebody to run with on Sunday mornings."},
		{ID: "c2", Topic: "news", Type: chat.Announcement},
		{ID: "c3", Topic: "results", Type: chat.Iframe, CategoryID: "k1", URL: "https://board.example"},
		{ID: "c4", Topic: "coaches-and-volunteers-of-the-spring-marathon", Type: chat.Forum, CategoryID: "k2", Private: true},
	}
	return uichannel.ChannelsView{
		Page: fixturePage("Channels", "channels", "Channels in the order that members see."), Groups: ui.GroupChannels(categories, channels), Origins: "https://board.example",
	}
}

func fixtureOverrides() uichannel.OverridesView {
	p := fixturePage("Permissions in lobby", "channels", "")
	v := uichannel.OverridesView{
		Page: p, ID: "c1", Topic: "lobby", User: "grace", Who: "Grace Hopper", Roles: []ui.Choice{{Value: "r1", Label: "Board"}},
		Rows: []uichannel.OverrideRow{
			{Key: "role:r4", Name: "@all", Class: "#808080", Hidden: true, Says: map[string]string{"view_message_history": "deny"}},
			{Key: "role:r2", Name: "Coach", Class: "#0f8a6d", Hidden: false, Says: map[string]string{"view_message_history": "allow", "pinable": "allow"}},
			{Key: "user:u1", Name: "Maximiliane Oberbichler-Stadelbauer", Class: "", Hidden: false, Says: map[string]string{"post_messages": "deny"}},
		},
	}
	for i, g := range p.Permissions.Channel {
		rules := []access.Rule{access.RuleMemberOverride, access.RuleRoleOverride, access.RuleEveryone, access.RuleNone}
		v.Rulings = append(v.Rulings, uichannel.RulingRow{Label: g.Label, Allowed: i%2 == 0, Why: uichannel.ExplainDecision(p, access.Decision{Allowed: i%2 == 0, Rule: rules[i%4], Role: access.Role{Title: "Coach"}})})
	}
	return v
}

func TestRoleAndChannelPagesAreAccessible(t *testing.T) {
	checkGallery(t, roleFixtures())
}

func roleFixtures() map[string]templ.Component {
	roles := fixtureRoles()
	help := "Permissions of members. A higher role takes precedence."
	granted := map[string]bool{"r1:server_administrator": true, "r2:manage_channels": true, "r4:post_messages": true}
	role := uirole.View{
		Page: fixturePage("Coach", "roles", ""), ID: "r2", Name: "Coach", Title: "Coach", Class: "#0f8a6d", Order: "50", Below: true,
		Server: map[string]bool{"manage_channels": true}, Channel: map[string]bool{"post_messages": true}, Total: 2,
		Members: []uirole.Member{{ID: "u1", Name: "Grace Hopper", Username: "grace"}, {ID: "u2", Name: "Maximiliane Oberbichler-Stadelbauer", Username: "maximiliane.oberbichler-stadelbauer"}},
	}
	wrong := uirole.View{Page: fixturePage("New role", "roles", ""), Title: "a,b", Class: "#808080", Order: "-1", Below: true, Errors: map[string]string{"title": "A title has 1 to 50 characters, none of them a comma or a control character.", "order": "The order of a role is 0 to 10000."}}
	above := uirole.View{Page: fixturePage("Board", "roles", ""), ID: "r1", Name: "Board", Title: "Board", Class: "#c2410c", Order: "900"}
	return map[string]templ.Component{
		"roles": uirole.RolesPage(uirole.RolesView{Page: fixturePage("Roles", "roles", help), Roles: roles}), "role": uirole.RolePage(role), "role-new": uirole.RolePage(wrong), "role-above": uirole.RolePage(above),
		"role-matrix": uirole.MatrixPage(uirole.MatrixView{Page: fixturePage("Roles", "roles", help), Roles: roles, Granted: granted}),
		"role-view": uirole.RolePreviewPage(uirole.Preview{
			Page: fixturePage("View as Coach", "roles", ""), ID: "r2", Name: "Coach", Server: []string{"Manage channels"},
			Seen: []uirole.PreviewChannel{{Topic: "lobby", Icon: "hash", May: []string{"Post messages", "Attach files", "Share links", "Mention members"}}, {Topic: "news", Icon: "megaphone", May: nil}}, Hidden: []string{"board"},
		}),
		"channels": uichannel.ChannelsPage(fixtureChannels()), "channels-empty": uichannel.ChannelsPage(uichannel.ChannelsView{Page: fixturePage("Channels", "channels", ""), Groups: []ui.ChannelGroup{{}}}),
		"channel": uichannel.ChannelPage(uichannel.View{
			Page: fixturePage("results", "channels", ""), ID: "c3", Name: "results", Topic: "results", Type: "iframe", URL: "https://evil.example",
			Parents: []ui.Choice{{Value: "", Label: "In no category"}, {Value: "k1", Label: "Matches"}}, Parent: "k1", Errors: map[string]string{"url": "Pages of https://evil.example may not be shown here."},
		}),
		"channel-new":         uichannel.ChannelPage(uichannel.View{Page: fixturePage("New channel", "channels", ""), Types: ui.ChannelTypes, Type: "open", Parents: []ui.Choice{{Value: "", Label: "In no category"}}}),
		"channel-permissions": uichannel.OverridesPage(fixtureOverrides()),
		"category":            uichannel.CategoryPage(uichannel.CategoryView{Page: fixturePage("Matches", "channels", ""), ID: "k1", Was: "Matches", Name: "Matches"}),
	}
}
