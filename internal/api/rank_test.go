package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
)

// governed is a community with an owner, two administrators of different rank
// and a plain member.
type governed struct {
	*apptest.App
	serverID string
	ids      map[string]string // by username
	tokens   map[string]string
}

func newGoverned(t *testing.T, a *apptest.App) governed {
	t.Helper()
	g := governed{a, "", map[string]string{}, map[string]string{}}
	made, owner := person(t, a, "owner")
	g.ids["owner"], g.tokens["owner"] = made.ID, owner
	g.serverID = createServer(t, a, owner, "Rovers")
	for username, order := range map[string]int{"upper": 20, "lower": 10, "plain": 0} {
		made, token := joined(t, a, g.serverID, owner, username)
		g.ids[username], g.tokens[username] = made.ID, token
		if order > 0 {
			g.promote(t, username, order)
		}
	}
	return g
}

// promote assigns a member a role with all permissions.
func (g governed) promote(t *testing.T, username string, order int) access.Role {
	t.Helper()
	role, err := g.Access.CreateRole(t.Context(), apptest.Operator, g.serverID, access.RoleInput{Title: fmt.Sprint(username, order), Order: order, ServerPermissions: map[string]bool{permission.ServerAdministrator: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Members.AddRole(t.Context(), apptest.Operator, g.serverID, g.ids[username], role.ID, member.Source{Type: "api"}); err != nil {
		t.Fatal(err)
	}
	return role
}

// keyOf creates a key of the community as a member and returns its secret.
func (g governed) keyOf(t *testing.T, username string, permissions string) string {
	t.Helper()
	res := send(t, g.App, "POST", "/v1/communities/"+g.serverID+"/api-keys", g.tokens[username], `{"name":"sync","permissions":[`+permissions+`]}`)
	secret, _ := res.at("data.key").(string)
	if res.status != 201 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return secret
}

func TestMembersOfTheSameOrAHigherRankCannotBeChanged(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		g := newGoverned(t, a)
		g.tokens["key of lower"] = g.keyOf(t, "lower", `"userFields","manageUser"`)
		g.tokens["key of owner"] = g.keyOf(t, "owner", `"userFields","manageUser"`)
		g.tokens["command's key"] = a.Key(t, g.serverID)
		at, numbers := "/v1/communities/"+g.serverID, 0
		call := func(who, target string) reply {
			numbers++
			return send(t, a, "POST", at+"/users/"+g.ids[target]+"/user-fields/phone/histories", g.tokens[who], fmt.Sprintf(`{"value":"+49151%06d"}`, numbers))
		}
		for _, c := range []struct{ who, changes, removes string }{
			{"plain", "", ""},
			{"lower", "lower plain", "plain"},
			{"key of lower", "lower plain", "plain"},
			{"upper", "upper lower plain", "lower plain"},
			{"owner", "owner upper lower plain", "upper lower plain"},
			{"key of owner", "owner upper lower plain", "upper lower plain"},
			{"command's key", "owner upper lower plain", "upper lower plain"},
		} {
			for target := range g.ids {
				row, _ := call("owner", target).at("data._id").(string)
				manage := func(action string) reply {
					body := fmt.Sprintf(`{"action":%q,"user":%q,"communityId":%q}`, action, g.ids[target], g.serverID)
					return send(t, a, "POST", "/v1/users/manage", g.tokens[c.who], body)
				}
				for _, way := range []struct {
					name, reaches string
					answer        reply
				}{
					{"reverts", c.changes, send(t, a, "POST", at+"/user-field-histories/"+row+"/revert", g.tokens[c.who], "")},
					{"changes", c.changes, call(c.who, target)},
					{"deletes", c.removes, manage("delete")},
					{"restores", c.removes, manage("restore")},
				} {
					may := slices.Contains(strings.Fields(way.reaches), target)
					if may != (way.answer.status < 300) || !may && way.answer.status != 403 || !may && c.who != "plain" && way.answer.code() != "rank_too_low" {
						t.Errorf("%s %s %s: %d %s", c.who, way.name, target, way.answer.status, way.answer.text)
					}
				}
			}
		}
	})
}
