package uitest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
)

func TestAuditLogIsFilteredByTarget(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		if _, err := a.Members.CreateTag(actor.NewContext(t.Context(), apptest.Operator), apptest.Operator, communityID, "orchid"); err != nil {
			t.Fatal(err)
		}
		if got := olivia.get("/c/" + communityID + "/members/export.csv"); got.status != 200 {
			t.Fatalf("export: %d", got.status)
		}
		for noun, tagged := range map[string]bool{"tag": true, "member": false, "bulk_job": false} {
			got := olivia.get("/c/" + communityID + "/audit-log?noun=" + noun)
			exported := strings.Contains(got.text, "The members were exported")
			if got.status != 200 || strings.Contains(got.text, "orchid") != tagged || exported != (noun == "member") {
				t.Errorf("%s: %d, tag %v, export %v", noun, got.status, strings.Contains(got.text, "orchid"), exported)
			}
		}
	})
}

func TestAuditLogShowsSentencesWithNames(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		here, olivia := owner(t, a)
		ctx := actor.NewContext(t.Context(), apptest.Operator)
		role, err := a.Access.CreateRole(ctx, apptest.Operator, here, access.RoleInput{Title: "Choach", Order: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Access.UpdateRole(ctx, apptest.Operator, here, role.ID, access.RoleChange{Title: new("Coach")}); err != nil {
			t.Fatal(err)
		}
		category, err := a.Chat.CreateCategory(ctx, apptest.Operator, here, "Matches")
		if err != nil {
			t.Fatal(err)
		}
		channel, err := a.Chat.CreateChannel(ctx, apptest.Operator, here, chat.Input{Topic: "lobby", CategoryID: category.ID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Chat.SetOverrides(ctx, apptest.Operator, here, channel.ID, []chat.OverrideInput{{RoleID: role.ID, Deny: []string{"post_messages"}}}); err != nil {
			t.Fatal(err)
		}
		joining := community.Joining{Policy: community.JoinOpen, RequiredFields: []string{"country"}}
		if _, err := a.Communities.Update(ctx, here, community.Change{Joining: &joining}, actor.Actor{}); err != nil {
			t.Fatal(err)
		}
		got := olivia.get("/c/" + here + "/audit-log")
		text := regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(got.text, " "), " ")
		for _, want := range []string{
			"The role Coach was created", "The role Coach was updated", "The permissions of the channel lobby were updated", "Coach: Post messages", "Denied",
			"Category empty", "Matches", "Who may join was With an invite", "now Open to all", "Required to join empty", "Country",
		} {
			if !strings.Contains(strings.ReplaceAll(text, "&nbsp;", ""), want) {
				t.Errorf("without %q: %s", want, text)
			}
		}
		for _, raw := range []string{"role.update", category.ID + "<", "requiredFields", "{&#34;"} {
			if strings.Contains(got.text, raw) {
				t.Errorf("with %q", raw)
			}
		}
		german := olivia.send("GET", "/c/"+here+"/audit-log", nil, map[string]string{"Accept-Language": "de"})
		if !strings.Contains(german.text, "Die Rolle ") || !strings.Contains(german.text, "Wer beitreten darf") {
			t.Errorf("in German: %s", german.text)
		}
	})
}
