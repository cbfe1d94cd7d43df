package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

// moderated is a community with an owner, two moderators of different rank and
// a plain member.
type moderated struct {
	address                          string
	serverID                         string
	owner, upper, lower, plain       string // sessions
	ownerID, upperID, lowerID, plyID string
}

func newModerated(t *testing.T, a *apptest.App) moderated {
	t.Helper()
	var m moderated
	var made account.Account
	made, m.owner = person(t, a, "owner")
	m.ownerID = made.ID
	m.serverID = createServer(t, a, m.owner, "Rovers")
	m.address = "/v1/servers/" + m.serverID
	m.upperID, m.upper = m.moderator(t, a, "upper", 20)
	m.lowerID, m.lower = m.moderator(t, a, "lower", 10)
	made, m.plain = joined(t, a, m.serverID, m.owner, "plain")
	m.plyID = made.ID
	return m
}

// moderator creates a member with a role for every penalty.
func (m moderated) moderator(t *testing.T, a *apptest.App, username string, order int) (userID, token string) {
	t.Helper()
	made, token := joined(t, a, m.serverID, m.owner, username)
	may := map[string]bool{permission.WarnMembers: true, permission.SuspendMembers: true, permission.KickMembers: true, permission.BanMembers: true}
	role, err := a.Access.CreateRole(t.Context(), apptest.Operator, m.serverID, access.RoleInput{Title: username, Order: order, ServerPermissions: may})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Members.AddRole(t.Context(), apptest.Operator, m.serverID, made.ID, role.ID, member.Source{Type: "api"}); err != nil {
		t.Fatal(err)
	}
	return made.ID, token
}

func (m moderated) penalise(t *testing.T, a *apptest.App, token, user, kind, until string) reply {
	t.Helper()
	body := fmt.Sprintf(`{"userId":%q,"kind":%q,"reason":"Spam"}`, user, kind)
	if until != "" {
		body = fmt.Sprintf(`{"userId":%q,"kind":%q,"reason":"Spam","until":%q}`, user, kind, until)
	}
	return send(t, a, "POST", m.address+"/penalties", token, body)
}

func TestPenaltiesRequireAHigherRank(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		key := a.Key(t, m.serverID, permission.ManageUser)
		for _, c := range []struct {
			name, token, user, kind string
			status                  int
			code                    string
		}{
			{"a member without permission", m.plain, m.lowerID, "warn", 403, "missing_permission"},
			{"of one above", m.lower, m.upperID, "warn", 403, "rank_too_low"},
			{"of the owner", m.upper, m.ownerID, "ban", 403, "rank_too_low"},
			{"of oneself", m.upper, m.upperID, "kick", 403, "not_yourself"},
			{"of the owner by a key", key, m.ownerID, "kick", 403, "rank_too_low"},
			{"of somebody who is not there", m.upper, "nobody", "warn", 404, "user_not_found"},
			{"without an end", m.upper, m.plyID, "suspend", 400, "invalid_input"},
			{"of one below", m.upper, m.lowerID, "warn", 201, ""},
			{"of a plain member by name", m.lower, "plain", "warn", 201, ""},
			{"by a key", key, "plain@example.com", "warn", 201, ""},
		} {
			if res := m.penalise(t, a, c.token, c.user, c.kind, ""); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		log := send(t, a, "GET", m.address+"/penalties?userId=plain", m.lower, "")
		if len(log.at("data").([]any)) != 2 || log.at("data.0.actorName") != "test" || log.at("data.1.actorName") != "lower" {
			t.Errorf("misconduct log: %s", log.text)
		}
		if res := send(t, a, "GET", m.address+"/penalties", m.plain, ""); res.status != 403 {
			t.Errorf("a plain member reads the log: %d", res.status)
		}
		given, _ := log.at("data.1._id").(string)
		if res := send(t, a, "DELETE", m.address+"/penalties/"+given, m.plain, ""); res.status != 403 {
			t.Errorf("a plain member lifts a penalty: %d", res.status)
		}
		if res := send(t, a, "DELETE", m.address+"/penalties/"+given, m.lower, ""); res.status != 200 || res.at("data.liftedByName") != "lower" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "DELETE", m.address+"/penalties/"+given, m.lower, ""); res.status != 409 || res.code() != "already_lifted" {
			t.Errorf("lifted twice: %d %s", res.status, res.text)
		}
	})
}

func TestPenaltyOfAnotherCommunityIsNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		given := m.penalise(t, a, m.owner, "plain", "ban", "")
		stranger, other := person(t, a, "stranger")
		elsewhere := createServer(t, a, other, "Rangers")
		id, _ := given.at("data._id").(string)
		there := send(t, a, "DELETE", "/v1/servers/"+elsewhere+"/penalties/"+id, other, "")
		missing := send(t, a, "DELETE", "/v1/servers/"+elsewhere+"/penalties/000000000000000000000000", other, "")
		if there.status != 404 || there.body["message"] != missing.body["message"] {
			t.Errorf("%s and %s", there.text, missing.text)
		}
		if res := send(t, a, "POST", "/v1/servers/"+elsewhere+"/penalties", other, `{"userId":"plain","kind":"ban","reason":"x"}`); res.status != 404 {
			t.Errorf("a member of another community: %d %s", res.status, res.text)
		}
		if res := m.penalise(t, a, m.owner, stranger.ID, "ban", ""); res.status != 404 {
			t.Errorf("who is no member: %d %s", res.status, res.text)
		}
	})
}

func TestSuspensionEndsAtItsTime(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		m := newModerated(t, a)
		until := clock.Format(clock.Clock{}.Now().Add(2 * time.Hour).UnixMilli())
		if res := m.penalise(t, a, m.lower, "plain", "suspend", until); res.status != 201 || res.at("data.inForce") != true {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address, m.plain, ""); res.status != 403 || res.code() != "suspended" {
			t.Errorf("while it lasts: %d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", m.address+"/leave", m.plain, ""); res.status != 200 {
			t.Errorf("who is suspended may go: %d %s", res.status, res.text)
		}
		if res := join(t, a, m.serverID, m.plain, inviteTo(t, a, m.serverID, m.owner, `{}`)); res.status != 200 {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address, m.plain, ""); res.code() != "suspended" {
			t.Errorf("leaving and coming back ends it: %d %s", res.status, res.text)
		}
		wait(3 * time.Hour)
		if res := send(t, a, "GET", m.address, m.plain, ""); res.status != 200 {
			t.Errorf("after its end: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address+"/penalties?kind=suspend", m.owner, ""); res.at("data.0.inForce") != false || res.at("data.0.liftedAt") != nil {
			t.Errorf("in the log: %s", res.text)
		}
	})
}

func TestOtherSuspensionsRemainWhenOneIsLifted(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		m := newModerated(t, a)
		in := func(hours int) string {
			return clock.Format(clock.Clock{}.Now().Add(time.Duration(hours) * time.Hour).UnixMilli())
		}
		long := m.penalise(t, a, m.upper, "plain", "suspend", in(9))
		m.penalise(t, a, m.lower, "plain", "suspend", in(2))
		id, _ := long.at("data._id").(string)
		if res := send(t, a, "DELETE", m.address+"/penalties/"+id, m.owner, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address, m.plain, ""); res.code() != "suspended" {
			t.Errorf("the shorter one is gone too: %d", res.status)
		}
		wait(3 * time.Hour)
		if res := send(t, a, "GET", m.address, m.plain, ""); res.status != 200 {
			t.Errorf("the longer one is still in force: %d %s", res.status, res.text)
		}
	})
}

func TestBanPreventsJoiningUntilLifted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		open := `{"joiningRequirements":{"policy":"open"}}`
		if res := send(t, a, "PUT", m.address, m.owner, open); res.status != 200 {
			t.Fatal(res.text)
		}
		ban := m.penalise(t, a, m.upper, "lower", "ban", "")
		if ban.status != 201 {
			t.Fatalf("%d %s", ban.status, ban.text)
		}
		if res := send(t, a, "GET", m.address, m.lower, ""); res.status != 404 {
			t.Errorf("who is banned sees it: %d", res.status)
		}
		for _, code := range []string{"", inviteTo(t, a, m.serverID, m.owner, `{}`), inviteTo(t, a, m.serverID, m.owner, `{"maxUses":1}`)} {
			if res := join(t, a, m.serverID, m.lower, code); res.status != 403 || res.code() != "member_banned" {
				t.Errorf("with %q: %d %s", code, res.status, res.text)
			}
		}
		if res := m.penalise(t, a, m.owner, "lower", "ban", ""); res.status != 409 || res.code() != "already_banned" {
			t.Errorf("banned twice: %d %s", res.status, res.text)
		}
		id, _ := ban.at("data._id").(string)
		if res := send(t, a, "DELETE", m.address+"/penalties/"+id, m.upper, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address, m.lower, ""); res.status != 404 {
			t.Errorf("lifting makes a member: %d", res.status)
		}
		if res := join(t, a, m.serverID, m.lower, ""); res.status != 200 {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address+"/penalties", m.lower, ""); res.status != 403 {
			t.Errorf("the role came back: %d %s", res.status, res.text)
		}
		want := []string{"user.joined_server", "user.joined_server", "user.role_added", "user.joined_server", "user.role_added", "user.joined_server", "user.left_server", "user.joined_server"}
		if d := cmp.Diff(want, eventTypes(t, a, m.serverID)); d != "" {
			t.Error(d)
		}
	})
}

// boundSession returns a session of a member that another system started.
func boundSession(t *testing.T, a *apptest.App, key, accountID string) string {
	t.Helper()
	system, err := a.Access.Authenticate(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	link, err := a.Access.CreateSignInLink(t.Context(), system, accountID, "crm.example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link.URL, "token=")
	session, _, err := a.Accounts.RedeemLink(t.Context(), token, account.SessionInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestKickEndsSessionsLimitedToTheCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		bound := boundSession(t, a, a.Key(t, m.serverID, actor.PermSignIn), m.plyID)
		if res := send(t, a, "GET", m.address, bound, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := m.penalise(t, a, m.lower, "plain", "kick", ""); res.status != 201 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", m.address, bound, ""); res.status != 401 {
			t.Errorf("the bound session goes on: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/servers", m.plain, ""); res.status != 200 || len(res.at("data").([]any)) != 0 {
			t.Errorf("the person's own session: %d %s", res.status, res.text)
		}
		if res := join(t, a, m.serverID, m.plain, inviteTo(t, a, m.serverID, m.owner, `{}`)); res.status != 200 {
			t.Errorf("who was kicked may come back: %d %s", res.status, res.text)
		}
	})
}

func TestLastOwnerCannotLeave(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		if res := send(t, a, "POST", m.address+"/leave", m.owner, ""); res.status != 409 || res.code() != "last_owner" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if err := a.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, m.serverID, m.upperID); err != nil {
			t.Fatal(err)
		}
		answers := make(chan int, 2)
		for _, token := range []string{m.owner, m.upper} {
			go func() { answers <- send(t, a, "POST", m.address+"/leave", token, "").status }()
		}
		if first, second := <-answers, <-answers; first+second != 200+409 {
			t.Errorf("two owners who go at the same time: %d and %d", first, second)
		}
	})
}
