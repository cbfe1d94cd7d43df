package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// A member that the undo of an import removes is erased in every feature: what they
// wrote stays without them, and only the details of the jobs name them.
func TestMembersOfAnUndoneImportAreErasedWhereTheyWrote(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		imported := a.Import(t, c.home, c.key, "Email,Username,First Name,Last Name\ndora@example.com,dora,Dora,D\n", nil)
		dora, err := a.Members.Find(t.Context(), apptest.Operator, c.home, "dora")
		if err != nil {
			t.Fatal(err)
		}
		theirs := c.post("ada", "Hi @dora")
		own := c.want(200, "", c.send("key", "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"mine","sender":"dora","nonce":"n1"}`, c.general))).at("data.messageId").(string)
		c.want(200, "", c.send("ada", "POST", "/v1/messages/reply", fmt.Sprintf(`{"messageId":%q,"message":"yours"}`, own)))
		c.want(200, "", c.send("key", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:","sender":"dora"}`, theirs)))
		c.want(201, "", c.send("ada", "POST", "/v1/messages/"+own+"/report", `{"reason":"rude"}`))
		c.want(201, "", c.send("key", "POST", "/v1/direct-channels", `{"users":["ada"],"sender":"dora"}`))
		c.want(200, "", c.send("ada", "PUT", "/v1/blocks/dora", ""))
		undo := c.want(200, "", c.send("key", "POST", "/v1/users/bulk-update/"+imported.JobID+"/undo", "{}"))
		if s := a.Await(t, c.home, undo.at("data.jobId").(string)); s.Status != "completed" {
			t.Fatalf("%+v", s)
		}
		var named []string
		all := sqldbtest.Tables(t, a.DB)
		for _, row := range sqldbtest.Dump(t, a.DB, "audit_log") { // keeps ids
			table, _, _ := strings.Cut(row, " ")
			table = strings.TrimSuffix(table, ":")
			ofJobs := strings.HasPrefix(table, "bulk_")
			if strings.Contains(row, dora.ID) && slices.Contains(all[table], "community_id") && !ofJobs && !slices.Contains(named, table) {
				named = append(named, table)
			}
		}
		if len(named) > 0 {
			t.Errorf("%v name the member", named)
		}
		got := c.send("ada", "GET", "/v1/messages/"+own, "")
		if got.at("data.message") != "mine" || got.at("data.user.user_id") != nil || got.at("data.replyCount") != 1.0 {
			t.Errorf("the message: %s", got.text)
		}
		if got := c.send("ada", "GET", "/v1/messages/"+theirs, ""); got.at("data.reactions.0.count") != 1.0 || !strings.Contains(got.text, "@deleted") {
			t.Errorf("the mention and the reaction: %s", got.text)
		}
	})
}
