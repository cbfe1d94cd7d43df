package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/moderation"
)

func TestUnclaimedMembersAreMarkedFilteredAndInvitedAgain(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		furnish(t, a, communityID)
		list := "/c/" + communityID + "/members"
		for query, want := range map[string]int{"": 5, "?claimed=false": 5, "?claimed=true": 0} {
			page := olivia.get(list + query)
			if got := strings.Count(page.text, `title="Added by this community. The person has not accepted yet."`); page.status != http.StatusOK || got != want {
				t.Errorf("%q: %d, %d members are marked", query, page.status, got)
			}
			if offered := strings.Contains(page.text, `value="invite"`); offered != (query != "?claimed=true") {
				t.Errorf("%q: inviting again is offered: %v", query, offered)
			}
		}
		if export := olivia.get(list + "/export.csv?claimed=true"); strings.Contains(export.text, "ada@example.com") || !strings.Contains(export.text, "olivia") {
			t.Errorf("export of claimed members: %s", export.text)
		}
		ada, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		profile := list + "/" + ada.ID
		if page := olivia.get(profile); !strings.Contains(page.text, "This member is unclaimed") || !strings.Contains(page.text, "No invitation was mailed yet.") {
			t.Errorf("profile: %s", page.text)
		}
		act := url.Values{"action": {"invite"}, "user": {ada.ID}, "back": {profile}}
		if page := olivia.post(list+"/actions", act); page.status != http.StatusSeeOther {
			t.Fatalf("%d %s", page.status, page.text)
		}
		if page := olivia.get(profile); !strings.Contains(page.text, "Last invited") || !strings.Contains(page.text, "A member is invited at most once a day.") {
			t.Errorf("profile: %s", page.text)
		}
		owns, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "olivia")
		if err != nil {
			t.Fatal(err)
		}
		act["user"] = []string{ada.ID, owns.ID}
		page := olivia.post(list+"/actions", act)
		for _, want := range []string{"Not every member was invited", "in the last 24 hours", "This member has already accepted."} {
			if page.status != http.StatusOK || !strings.Contains(page.text, want) {
				t.Errorf("%q is missing: %d %s", want, page.status, page.text)
			}
		}
		if page := olivia.get("/c/" + communityID + "/members/" + owns.ID); strings.Contains(page.text, "unclaimed") || !strings.Contains(page.text, "Last visit here") {
			t.Errorf("the owner's page: %s", page.text)
		}
	})
}

func TestInvitesAreMailedWithARole(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		role, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, access.RoleInput{Title: "Coach", Order: 3})
		if err != nil {
			t.Fatal(err)
		}
		invites := "/c/" + communityID + "/invites"
		form := url.Values{"maxUses": {"5"}, "days": {"7"}, "roleId": {role.ID}, "emails": {"ada@example.com, nobody\n"}}
		if page := olivia.post(invites, form); page.status != http.StatusBadRequest || !strings.Contains(page.text, "nobody: ") || !strings.Contains(page.text, "ada@example.com") {
			t.Errorf("%d %s", page.status, page.text)
		}
		form.Set("emails", "ada@example.com\r\nbob@example.com;ADA@example.com")
		page := olivia.post(invites, form)
		for _, want := range []string{"2 invites are on their way by mail.", "mailed to ada@example.com", "mailed to bob@example.com", `title="Role on joining">Coach`} {
			if page.status != http.StatusCreated || !strings.Contains(page.text, want) {
				t.Errorf("%q is missing: %d %s", want, page.status, page.text)
			}
		}
		made, _, _, err := a.Moderation.Invites(t.Context(), apptest.Operator, communityID, "", 10)
		if err != nil || len(made) != 2 || made[0].MaxUses != 1 || made[0].RoleID != role.ID {
			t.Errorf("%+v, %v", made, err)
		}
		if _, err := a.Moderation.CreateInvite(t.Context(), apptest.Operator, communityID, moderation.InviteInput{}); err != nil {
			t.Error(err)
		}
	})
}
