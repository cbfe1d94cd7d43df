package api_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

var addedLink = regexp.MustCompile(`/added\?token=([0-9a-f]+)`)

// invitations returns the tokens in the invitations mailed to an address, the
// newest first.
func invitations(t *testing.T, a *apptest.App, address string) (tokens []string) {
	t.Helper()
	mails, _, err := a.Mail.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if found := addedLink.FindStringSubmatch(m.Text); m.Template == mail.Invited && m.To == address && found != nil {
			tokens = append(tokens, found[1])
		}
	}
	return tokens
}

// roleOf creates a role of a community.
func roleOf(t *testing.T, a *apptest.App, serverID, title string, order int, grants ...string) access.Role {
	t.Helper()
	in := access.RoleInput{Title: title, Order: order, ServerPermissions: map[string]bool{}}
	for _, name := range grants {
		in.ServerPermissions[name] = true
	}
	role, err := a.Access.CreateRole(t.Context(), apptest.Operator, serverID, in)
	if err != nil {
		t.Fatal(err)
	}
	return role
}

// rolesOf returns the titles of a member's roles.
func rolesOf(t *testing.T, a *apptest.App, serverID, token, user string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/users/info", token, `{"idOrEmail":"`+user+`","communityId":"`+serverID+`"}`)
	roles, _ := res.at("data.roles").([]any)
	return fmt.Sprint(roles...)
}

func TestInviteAssignsOnlyRolesThatItsCreatorCanAssign(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		g := newGoverned(t, a)
		roles := map[string]string{"@all": ""}
		for _, r := range []access.Role{roleOf(t, a, g.serverID, "VIP", 1), roleOf(t, a, g.serverID, "Guard", 5, permission.KickMembers), roleOf(t, a, g.serverID, "Chief", 15)} {
			roles[r.Title] = r.ID
		}
		all, err := access.Roles(t.Context(), a.DB, g.serverID)
		if err != nil {
			t.Fatal(err)
		}
		roles["@all"], roles["none"] = all[len(all)-1].ID, "0123456789abcdef01234567"
		inviter := roleOf(t, a, g.serverID, "Inviter", 8, permission.CreateInvite)
		helper := roleOf(t, a, g.serverID, "Helper", 9, permission.CreateInvite, permission.ManageRolesPermission)
		for username, role := range map[string]access.Role{"inviter": inviter, "helper": helper} {
			made, token := joined(t, a, g.serverID, g.tokens["owner"], username)
			g.ids[username], g.tokens[username] = made.ID, token
			if _, err := a.Members.AddRole(t.Context(), apptest.Operator, g.serverID, made.ID, role.ID, member.Source{Type: "api"}); err != nil {
				t.Fatal(err)
			}
		}
		g.tokens["key"], g.tokens["key with roles"] = g.keyOf(t, "owner", `"community"`), g.keyOf(t, "owner", `"community","roles"`)
		for _, c := range []struct {
			who, role string
			status    int
			code      string
		}{
			{"owner", "Chief", 201, ""},
			{"owner", "@all", 201, ""},
			{"owner", "none", 400, "invalid_input"},
			{"upper", "Chief", 201, ""},
			{"lower", "Chief", 403, "rank_too_low"},
			{"lower", "Guard", 201, ""},
			{"helper", "VIP", 201, ""},
			{"helper", "Guard", 403, "missing_permission"},
			{"inviter", "VIP", 403, "missing_permission"},
			{"plain", "VIP", 403, "missing_permission"},
			{"key", "VIP", 403, "missing_permission"},
			{"key with roles", "Guard", 201, ""},
		} {
			res := send(t, a, "POST", "/v1/servers/"+g.serverID+"/invites", g.tokens[c.who], `{"roleId":"`+roles[c.role]+`"}`)
			if res.status != c.status || c.code != "" && res.code() != c.code {
				t.Errorf("%s gives %s: %d %s", c.who, c.role, res.status, res.text)
			}
			if want := roles[c.role]; res.status == 201 && c.role != "@all" && res.at("data.roleId") != want {
				t.Errorf("%s gives %s: the invite gives %v", c.who, c.role, res.at("data.roleId"))
			}
		}

		_, token := person(t, a, "guest")
		code := inviteTo(t, a, g.serverID, g.tokens["lower"], `{"roleId":"`+roles["Guard"]+`"}`)
		if res := join(t, a, g.serverID, token, code); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if got := rolesOf(t, a, g.serverID, g.tokens["owner"], "guest"); !strings.HasPrefix(got, "Guard") {
			t.Errorf("who joined has %s", got)
		}
		if types := eventTypes(t, a, g.serverID); !slices.Contains(types, "user.role_added") {
			t.Errorf("no event: %v", types)
		}
		history := send(t, a, "GET", "/v1/communities/"+g.serverID+"/user-field-histories?source=join", g.tokens["owner"], "")
		if history.at("data.0.field") != "role" || history.at("data.0.source.type") != "join" {
			t.Errorf("history: %s", history.text)
		}
	})
}

func TestInviteDoesNotAssignADeletedRole(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		role := roleOf(t, a, serverID, "VIP", 1)
		code := inviteTo(t, a, serverID, owner, `{"roleId":"`+role.ID+`"}`)
		var tokens []string
		for i := range 6 {
			_, token := person(t, a, fmt.Sprint("guest-", i))
			tokens = append(tokens, token)
		}
		var wait sync.WaitGroup
		for i, token := range tokens {
			wait.Go(func() {
				if i == 3 {
					if err := a.Members.DeleteRole(t.Context(), apptest.Operator, serverID, role.ID); err != nil {
						t.Error(err)
					}
				}
				if res := join(t, a, serverID, token, code); res.status != 200 {
					t.Errorf("%d %s", res.status, res.text)
				}
			})
		}
		wait.Wait()
		until(t, func() bool {
			n, err := sqldb.One(t.Context(), a.DB, "member", sqldb.Value[int64], "SELECT count(*) FROM members WHERE community_id = $1 AND CAST(roles AS TEXT) LIKE '%'||$2||'%'", serverID, role.ID)
			if err != nil {
				t.Fatal(err)
			}
			return n == 0 // no member has the deleted role
		})
		if invites := send(t, a, "GET", "/v1/servers/"+serverID+"/invites", owner, ""); invites.at("data.0.roleId") != "" {
			t.Errorf("the invite still names the role: %s", invites.text)
		}
		if got := rolesOf(t, a, serverID, owner, "guest-5"); got != "@all" {
			t.Errorf("roles: %s", got)
		}
	})
}

func TestOneInviteIsMailedToEachAddress(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		invites := "/v1/servers/" + serverID + "/invites"
		count := func() int {
			list, _ := send(t, a, "GET", invites+"?limit=100", owner, "").at("data").([]any)
			return len(list)
		}
		many := make([]string, 101)
		for i := range many {
			many[i] = fmt.Sprintf(`"p%d@example.com"`, i)
		}
		for name, c := range map[string]struct{ body, field string }{
			"none":      {`{"emails":[]}`, "emails"},
			"too many":  {`{"emails":[` + strings.Join(many, ",") + `]}`, "emails"},
			"no text":   {`{"emails":[1]}`, "emails[0]"},
			"bad ones":  {`{"emails":["ada@example.com","nobody","a@b@c"]}`, "emails[1] emails[2]"},
			"many uses": {`{"emails":["ada@example.com"],"maxUses":5}`, "maxUses"},
			"past":      {`{"emails":["ada@example.com"],"expiresAt":"2001-01-01T00:00:00Z"}`, "expiresAt"},
		} {
			if res := send(t, a, "POST", invites, owner, c.body); res.status != 400 || strings.Join(res.fields(), " ") != c.field {
				t.Errorf("%s: %d %v %s", name, res.status, res.fields(), res.text)
			}
		}
		if n := count(); n != 0 || len(invitations(t, a, "ada@example.com")) != 0 {
			t.Fatalf("%d invites of refused requests", n)
		}

		body := `{"emails":["ada@example.com","ADA@example.com"," bob@example.com "]}`
		first := send(t, a, "POST", invites, owner, body, "Idempotency-Key", "one")
		again := send(t, a, "POST", invites, owner, body, "Idempotency-Key", "one")
		made, _ := first.at("data").([]any)
		if first.status != 201 || len(made) != 2 || again.text != first.text {
			t.Fatalf("%d %s, again %s", first.status, first.text, again.text)
		}
		if first.at("data.0.email") != "ada@example.com" || first.at("data.1.email") != "bob@example.com" || first.at("data.0.maxUses") != 1.0 {
			t.Errorf("invites: %s", first.text)
		}
		if count() != 2 || len(invitations(t, a, "ada@example.com")) != 1 || len(invitations(t, a, "bob@example.com")) != 1 {
			t.Errorf("%d invites, mails %v", count(), invitations(t, a, "ada@example.com"))
		}
		for range 5 { // codes are random
			body := `{"emails":["one@example.com","two@example.com","three@example.com"]}`
			made := send(t, a, "POST", invites, owner, body)
			page := send(t, a, "GET", invites+"?limit=2", owner, "")
			rest := send(t, a, "GET", invites+"?limit=1&cursor="+fmt.Sprint(page.at("meta.nextCursor")), owner, "")
			if page.at("data.0.code") != made.at("data.2.code") || page.at("data.1.code") != made.at("data.1.code") || rest.at("data.0.code") != made.at("data.0.code") {
				t.Fatalf("made %s, listed %s, then %s", made.text, page.text, rest.text)
			}
			for i := range 3 {
				send(t, a, "DELETE", invites+"/"+fmt.Sprint(made.at(fmt.Sprint("data.", i, ".code"))), owner, "")
			}
		}

		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			for i := range 497 {
				if _, err := tx.Exec(t.Context(), `INSERT INTO invites (community_id, code, id, max_uses, uses, expires_at, revoked_at, created_by, created_by_name, created_at)
					VALUES ($1, $2, $2, 0, 0, 0, 0, '', '', 1)`, serverID, fmt.Sprint("code", i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if res := send(t, a, "POST", invites, owner, `{"emails":["cid@example.com","dan@example.com"]}`); res.status != 409 || res.code() != "too_many_invites" || len(invitations(t, a, "cid@example.com")) != 0 {
			t.Errorf("the 501st: %d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", invites, owner, `{"emails":["cid@example.com"]}`); res.status != 201 {
			t.Errorf("the 500th: %d %s", res.status, res.text)
		}
	})
}

func TestMailedInviteRevealsNothingAboutTheAddress(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		person(t, a, "elsewhere")
		joined(t, a, serverID, owner, "member")
		invites := "/v1/servers/" + serverID + "/invites"
		mailed := func(name string) reply {
			res := send(t, a, "POST", invites, owner, `{"emails":["`+name+`@example.com"]}`)
			if res.status != 201 {
				t.Fatalf("%s: %d %s", name, res.status, res.text)
			}
			return res
		}
		mailed("declined")
		mailed("declined")
		tokens := invitations(t, a, "declined@example.com")
		if len(tokens) != 2 {
			t.Fatalf("links: %v", tokens)
		}
		if err := a.Moderation.DeclineOffer(t.Context(), tokens[1]); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Moderation.OfferOf(t.Context(), tokens[0]); !errs.Is(err, "link_expired") {
			t.Errorf("the other invite of who declined is open: %v", err)
		}
		for table, column := range map[string]string{"invites": "email", "member_links": "email", "mail_outbox": "address"} {
			n, err := sqldb.One(t.Context(), a.DB, "row", sqldb.Value[int64], "SELECT count(*) FROM "+table+" WHERE "+column+" LIKE 'declined%'")
			if err != nil || n != 0 {
				t.Errorf("%s holds the address of who declined %d times, %v", table, n, err)
			}
		}

		shape := func(name string) string {
			text := mailed(name).text
			for _, part := range []string{`"code":"[^"]*"`, `"url":"[^"]*"`, `"createdAt":"[^"]*"`} {
				text = regexp.MustCompile(part).ReplaceAllString(text, "-")
			}
			return strings.ReplaceAll(text, name, "NAME")
		}
		want := shape("new")
		for _, name := range []string{"elsewhere", "member", "declined"} {
			if got := shape(name); got != want {
				t.Errorf("%s:\n%s\n%s", name, got, want)
			}
			if n := len(invitations(t, a, name+"@example.com")); n < 1 {
				t.Errorf("%s got no mail", name)
			}
		}

		// A later invite can be accepted after a decline.
		_, token := person(t, a, "declined")
		offer, err := a.Moderation.OfferOf(t.Context(), invitations(t, a, "declined@example.com")[0])
		if err != nil {
			t.Fatal(err)
		}
		if res := join(t, a, serverID, token, offer.InviteCode); res.status != 200 {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}

func TestConcurrentInvitesToOneAddressAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				body := `{"emails":["ada@example.com","bob@example.com"]}`
				if i%2 == 0 {
					body = `{"emails":["bob@example.com","ada@example.com"]}`
				}
				if res := send(t, a, "POST", "/v1/servers/"+serverID+"/invites", owner, body); res.status != 201 {
					t.Errorf("%d %s", res.status, res.text)
				}
			})
		}
		wait.Wait()
		n, err := sqldb.One(t.Context(), a.DB, "invite", sqldb.Value[int64], "SELECT count(*) FROM invites WHERE community_id = $1", serverID)
		if err != nil || n != 40 {
			t.Errorf("%d invites, %v", n, err)
		}
		if mails := len(invitations(t, a, "ada@example.com")); mails != 3 {
			t.Errorf("%d mails to one address within an hour", mails)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.PerHour = 3 }))
}

func TestUnclaimedMembersAreInvitedAgainOnceADay(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		g := newGoverned(t, a)
		key := a.Key(t, g.serverID)
		add := func(name, more string) string {
			res := send(t, a, "POST", "/v1/users", key, newUserBody(name, more))
			id, _ := res.at("data._id").(string)
			if res.status != 200 {
				t.Fatalf("%d %s", res.status, res.text)
			}
			return id
		}
		ada, bob, chief := add("ada", ""), add("bob", `,"sendEmail":true`), add("chief", "")
		if _, err := a.Members.AddRole(t.Context(), apptest.Operator, g.serverID, chief, roleOf(t, a, g.serverID, "Chief", 15).ID, member.Source{Type: "api"}); err != nil {
			t.Fatal(err)
		}
		gone := add("gone", "")
		if err := a.Members.Delete(t.Context(), apptest.Operator, g.serverID, []string{gone}); err != nil {
			t.Fatal(err)
		}
		as := func(username string) actor.Actor {
			actor, err := a.Access.Authenticate(t.Context(), g.tokens[username])
			if err != nil {
				t.Fatal(err)
			}
			return actor
		}
		invite := func(username string, ids ...string) string {
			done, err := a.Moderation.InviteMembers(t.Context(), as(username), g.serverID, ids)
			if err != nil {
				return errs.From(err).Code
			}
			said := []string{fmt.Sprint(done.Mailed)}
			for _, r := range done.Refused {
				said = append(said, r.Name+":"+r.Why.Code)
			}
			return strings.Join(said, " ")
		}
		if got := invite("plain", ada); got != "missing_permission" {
			t.Errorf("a member without permissions: %s", got)
		}
		if got := invite("lower", ada, bob, ada, chief, gone, g.ids["plain"]); got != "1 plain:already_claimed bob:invited_recently chief:rank_too_low gone:member_deleted" {
			t.Errorf("first: %s", got)
		}
		if got := invite("owner", ada, "0123456789abcdef01234567"); got != "0 :user_not_found ada:invited_recently" {
			t.Errorf("at once again: %s", got)
		}
		wait(25 * time.Hour)
		results := make(chan string, 20)
		for range cap(results) {
			go func() { results <- invite("upper", bob) }()
		}
		mailed := 0
		for range cap(results) {
			if got := <-results; got == "1" {
				mailed++
			} else if got != "0 bob:invited_recently" {
				t.Errorf("at the same time: %s", got)
			}
		}
		if mailed != 1 || len(invitations(t, a, "bob@example.com")) != 1 {
			t.Errorf("%d of twenty requests mailed", mailed)
		}
		log := send(t, a, "GET", "/v1/servers/"+g.serverID+"/audit-log?action=user.invite", g.tokens["owner"], "")
		if entries, _ := log.at("data").([]any); len(entries) != 2 {
			t.Errorf("log: %s", log.text)
		}
		offer, err := a.Moderation.OfferOf(t.Context(), invitations(t, a, "bob@example.com")[0])
		if err != nil || offer.Username != "bob" {
			t.Errorf("%+v, %v", offer, err)
		}
	})
}

func TestUsersAreFilteredByClaimed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		key := a.Key(t, serverID)
		if res := send(t, a, "POST", "/v1/users", key, newUserBody("ada", "")); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		for query, want := range map[string]string{"": "ada owner", "?claimed=true": "owner", "?claimed=false": "ada"} {
			res := send(t, a, "GET", "/v1/communities/"+serverID+"/users"+query, key, "")
			var got []string
			for _, u := range res.at("data").([]any) {
				u := u.(map[string]any)
				got = append(got, u["username"].(string))
				if u["claimed"] != (u["username"] == "owner") {
					t.Errorf("claimed: %v", u)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want || res.at("meta.total") != float64(len(got)) {
				t.Errorf("%s: %s", query, res.text)
			}
		}
		for value, want := range map[string]string{"true": "owner", "false": "ada"} {
			res := send(t, a, "POST", "/v1/users/filter", key, `{"fields":["username","claimed"],"filter":{"claimed":`+value+`}}`)
			if rows, _ := res.at("data").([]any); len(rows) != 1 || res.at("data.0.username") != want || res.at("data.0.claimed") != (value == "true") {
				t.Errorf("filter %s: %d %s", value, res.status, res.text)
			}
		}
		if res := send(t, a, "GET", "/v1/communities/"+serverID+"/users?claimed=perhaps", key, ""); res.status != 400 {
			t.Errorf("%d %s", res.status, res.text)
		}

		// A removed unclaimed member is restored, erased and added again as every member.
		ada, err := a.Members.Find(t.Context(), apptest.Operator, serverID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{ada.ID}
		for _, act := range []func() error{
			func() error { return a.Members.Delete(t.Context(), apptest.Operator, serverID, ids) },
			func() error { return a.Members.Restore(t.Context(), apptest.Operator, serverID, ids) },
			func() error { return a.Members.Delete(t.Context(), apptest.Operator, serverID, ids) },
		} {
			if err := act(); err != nil {
				t.Fatal(err)
			}
		}
		if res := send(t, a, "POST", "/v1/users", key, newUserBody("ada", "")); res.code() != "member_deleted" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE members SET state_changed_at = 1 WHERE user_id = $1", ada.ID); err != nil {
			t.Fatal(err)
		}
		if err := a.Members.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := a.Import(t, serverID, key, "Email,Username,First Name,Last Name\nada@example.com,ada,Ada,Lovelace\n", nil); s.Counts.Created != 1 {
			t.Errorf("import: %+v", s.Counts)
		}
		if again, err := a.Members.Find(t.Context(), apptest.Operator, serverID, "ada"); err != nil || again.ID == ada.ID || again.Claimed() {
			t.Errorf("%+v, %v", again, err)
		}
	})
}
