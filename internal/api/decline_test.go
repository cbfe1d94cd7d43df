package api_test

import (
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// declineInvite mails an invite to an address and declines it by the link.
func declineInvite(t *testing.T, a *apptest.App, serverID, owner, address string) {
	t.Helper()
	if res := send(t, a, "POST", "/v1/servers/"+serverID+"/invites", owner, `{"emails":["`+address+`"]}`); res.status != 201 {
		t.Fatalf("invite: %d %s", res.status, res.text)
	}
	tokens := invitations(t, a, address)
	if len(tokens) == 0 {
		t.Fatal("no invite was mailed")
	}
	if err := a.Moderation.DeclineOffer(t.Context(), tokens[0]); err != nil {
		t.Fatal(err)
	}
}

func addition(serverID, username string) string {
	return `{"communityId":"` + serverID + `","firstname":"A","lastname":"B","username":"` + username + `x","email":"` + username + `@example.com","displayname":"","joinServer":true,"emailPassword":false,"sendEmail":false}`
}

// TestDeclineDoesNotHideAMember: a decline only affects persons without a
// membership.
func TestDeclineDoesNotHideAMember(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		_, token := joined(t, a, serverID, owner, "member")
		declineInvite(t, a, serverID, owner, "member@example.com")
		declineInvite(t, a, serverID, owner, "stranger@example.com")
		for name, code := range map[string]string{"member": "email_taken", "stranger": "member_declined"} {
			res := send(t, a, "POST", "/v1/users", owner, addition(serverID, name))
			if res.status != 409 || res.code() != code || res.at("errors.0.code") != code || res.at("errors.0.field") != "email" {
				t.Errorf("add %s: %d %s, want %s", name, res.status, res.text, code)
			}
		}
		key := a.Key(t, serverID)
		const file = "First Name,Last Name,Email\nA,New,member@example.com\nX,Y,stranger@example.com\n"
		for _, options := range [][]string{{"dryRun", "true"}, {}} {
			jobID, status := importFile(t, a, key, file, options...)
			rows := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details", key, "")
			if rows.at("data.0.outcome") != "updated" || rows.at("data.1.errors.0.code") != "member_declined" {
				t.Errorf("import %v: %v %s", options, status["counts"], rows.text)
			}
		}
		if res := join(t, a, serverID, token, inviteTo(t, a, serverID, owner, `{}`)); res.status != 409 || res.code() != "already_member" {
			t.Errorf("join: %d %s", res.status, res.text)
		}
	})
}

func TestDeletedMemberIsNotRestoredAfterADecline(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		manage := func(action, user string) reply {
			return send(t, a, "POST", "/v1/users/manage", owner, `{"communityId":"`+serverID+`","action":"`+action+`","user":"`+user+`"}`)
		}
		ids := map[string]string{}
		for _, name := range []string{"ann", "ben"} {
			ids[name], _ = send(t, a, "POST", "/v1/users", owner, addition(serverID, name)).at("data._id").(string)
			if res := manage("delete", ids[name]); res.status != 200 {
				t.Fatalf("delete: %d %s", res.status, res.text)
			}
		}
		declineInvite(t, a, serverID, owner, "ann@example.com")
		if res := manage("restore", ids["ann"]); res.status != 409 || res.code() != "member_declined" {
			t.Errorf("restore after a decline: %d %s", res.status, res.text)
		}
		if res := manage("restore", ids["ben"]); res.status != 200 {
			t.Errorf("restore: %d %s", res.status, res.text)
		}
	})
}
