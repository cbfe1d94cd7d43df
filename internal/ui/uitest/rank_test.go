package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
)

// administrator signs somebody in who may do everything to those below them.
func administrator(t *testing.T, a *apptest.App, communityID, username string, order int) person {
	t.Helper()
	role, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, access.RoleInput{Title: username, Order: order, ServerPermissions: map[string]bool{permission.ServerAdministrator: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Members.AddRole(t.Context(), apptest.Operator, communityID, username, role.ID, member.Source{Type: "api"}); err != nil {
		t.Fatal(err)
	}
	_, token := a.Claim(t, communityID, username)
	return person{t, a, token}
}

func TestPagesChangeOnlyMembersRankedBelowTheReader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nlow@example.com,low,Low,L\nhigh@example.com,high,High,H\nmia@example.com,mia,Mia,M\n", nil)
		low := administrator(t, a, communityID, "low", 5)
		administrator(t, a, communityID, "high", 9)
		tag, err := a.Members.CreateTag(t.Context(), apptest.Operator, communityID, "vip")
		if err != nil {
			t.Fatal(err)
		}
		list := "/c/" + communityID + "/members"
		for target, want := range map[string]int{"high": http.StatusForbidden, "olivia": http.StatusForbidden, "low": http.StatusSeeOther, "mia": http.StatusSeeOther} {
			m, err := a.Members.Find(t.Context(), apptest.Operator, communityID, target)
			if err != nil {
				t.Fatal(err)
			}
			row, err := a.Members.SetValue(t.Context(), apptest.Operator, communityID, m.ID, member.FieldValue{Field: "country", Value: "DE"}, member.Source{Type: "console"})
			if err != nil {
				t.Fatal(err)
			}
			here := list + "/" + m.ID
			for path, form := range map[string]url.Values{
				here + "/history/" + row.ID + "/revert": {},
				here + "/values":                        {"field": {"phone"}, "value": {"+4915112345678"}},
				here + "/avatar":                        {"remove": {"yes"}},
				list + "/actions":                       {"action": {"add"}, "label": {tag.Name}, "user": {m.ID}},
			} {
				if got := low.post(path, form); got.status != want {
					t.Errorf("%s, %s: %d %.300s", target, path, got.status, got.text)
				}
			}
			page := low.get(here).text
			if offered := strings.Contains(page, here+"/values") || strings.Contains(page, here+"/avatar"); offered != (want == http.StatusSeeOther) {
				t.Errorf("the page of %s offers a change: %v", target, offered)
			}
		}
	})
}
