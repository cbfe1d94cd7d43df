package api_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// party is a person in a transfer.
type party struct {
	account.Account
	token string
	actor actor.Actor
}

// newParty creates a signed-in account.
func newParty(t *testing.T, a *apptest.App, username string) party {
	t.Helper()
	made, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: username + "@example.com", Username: username})
	if err != nil {
		t.Fatal(err)
	}
	return signIn(t, a, made)
}

func signIn(t *testing.T, a *apptest.App, acct account.Account) party {
	t.Helper()
	link, err := a.Accounts.CreateLink(t.Context(), link.SignIn, acct.ID)
	if err != nil {
		t.Fatal(err)
	}
	token, acct, err := a.Accounts.RedeemLink(t.Context(), link, account.SessionInfo{})
	if err != nil {
		t.Fatal(err)
	}
	actor, err := a.Access.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return party{acct, token, actor}
}

// transferred is a community with its owner and a member who can become owner.
type transferred struct {
	*testing.T
	app        *apptest.App
	serverID   string
	owner, ben party
}

func newTransferred(t *testing.T, a *apptest.App) transferred {
	t.Helper()
	x := transferred{T: t, app: a, owner: newParty(t, a, "ada"), ben: newParty(t, a, "ben")}
	x.found()
	return x
}

// found creates another community of the same owner and member.
func (x *transferred) found() {
	x.Helper()
	x.serverID = createServer(x.T, x.app, x.owner.token, "Rovers")
	x.join(x.ben)
}

func (x *transferred) join(p party) {
	x.Helper()
	code := inviteTo(x.T, x.app, x.serverID, x.owner.token, `{}`)
	if res := join(x.T, x.app, x.serverID, p.token, code); res.status != 200 {
		x.Fatalf("%d %s", res.status, res.text)
	}
}

func (x *transferred) ask(token, body string, header ...string) reply {
	x.Helper()
	return send(x.T, x.app, "POST", "/v1/servers/"+x.serverID+"/transfer", token, body, header...)
}

// offer offers the community to ben and returns the id of the transfer.
func (x *transferred) offer() string {
	x.Helper()
	res := x.ask(x.owner.token, `{"userId":"ben","confirm":"Rovers"}`)
	id, _ := res.at("data.transferId").(string)
	if res.status != 202 || id == "" {
		x.Fatalf("%d %s", res.status, res.text)
	}
	return id
}

func (x *transferred) accept(transferID string) error {
	return x.app.Ownership.AcceptTransfer(x.Context(), x.ben.actor, x.serverID, transferID)
}

// owners returns the usernames of the owners.
func (x *transferred) owners() []string {
	x.Helper()
	names, err := sqldb.All(x.Context(), x.app.DB, sqldb.Value[string], `SELECT a.username FROM members m JOIN accounts a ON a.id = m.user_id
		WHERE m.community_id = $1 AND m.owner AND m.state = 'active' ORDER BY a.username`, x.serverID)
	if err != nil {
		x.Fatal(err)
	}
	return names
}

// state returns the state of a transfer.
func (x *transferred) state(transferID string) string {
	x.Helper()
	var state string
	if err := x.app.DB.QueryRow(x.Context(), "SELECT state FROM ownership_transfers WHERE id = $1", transferID).Scan(&state); err != nil {
		x.Fatal(err)
	}
	return state
}

// actions returns the entries of the audit log about transfers and owners, oldest
// first.
func (x *transferred) actions() (list []string) {
	x.Helper()
	entries, _, err := x.app.Access.AuditLog(x.Context(), apptest.Operator, x.serverID, audit.Filter{Limit: 100})
	if err != nil {
		x.Fatal(err)
	}
	slices.Reverse(entries)
	for _, e := range entries {
		if strings.HasPrefix(string(e.Action), "transfer.") || strings.HasSuffix(string(e.Action), "_owner") {
			list = append(list, string(e.Action)+" "+e.Target.Name+" by "+e.ActorName)
		}
	}
	return list
}

// mails waits until n messages of a template exist and returns their texts,
// newest first.
func (x *transferred) mails(template mail.Template, n int) (found []mail.OutboxMessage) {
	x.Helper()
	until(x.T, func() bool {
		list, _, err := x.app.Mail.Unsent(x.Context(), actor.Actor{Kind: actor.Command}, "", 100)
		if err != nil {
			x.Fatal(err)
		}
		found = slices.DeleteFunc(list, func(m mail.OutboxMessage) bool { return m.Template != template })
		return len(found) >= n
	})
	return found
}

// until polls until a job has reached a state.
func until(t *testing.T, reached func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for !reached() {
		select {
		case <-ctx.Done():
			t.Fatal("the state was not reached within a minute")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (x *transferred) exec(query string, args ...any) {
	x.Helper()
	if _, err := x.app.DB.Exec(x.Context(), query, args...); err != nil {
		x.Fatal(err)
	}
}

func TestTransferRequiresAnOwnerWithARecentSignIn(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		admin, stranger, root := newParty(t, a, "admin"), newParty(t, a, "stranger"), newParty(t, a, "root")
		x.join(admin)
		role := x.role("Admins", 7, permission.ServerAdministrator)
		if _, err := a.Members.AddRole(t.Context(), apptest.Operator, x.serverID, admin.ID, role.ID, member.Source{Type: "api"}); err != nil {
			t.Fatal(err)
		}
		x.exec("UPDATE accounts SET installation_owner = TRUE WHERE id = $1", root.ID)
		old := signIn(t, a, x.owner.Account)
		x.exec("UPDATE sessions SET created_at = created_at - 600000 WHERE id = $1", old.actor.SessionID)
		_, userKey, err := a.Access.CreateUserKey(t.Context(), x.owner.actor, account.Proof{}, access.KeyInput{Name: "mine", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		limited := x.limited(x.ben)
		const good = `{"userId":"ben","confirm":"Rovers"}`
		for _, c := range []struct {
			name, token, body string
			status            int
			code              string
		}{
			{"nobody", "", good, 401, "authentication_required"},
			{"a stranger", stranger.token, good, 404, "community_not_found"},
			{"a member", x.ben.token, good, 403, "owner_required"},
			{"an administrator", admin.token, good, 403, "owner_required"},
			{"the owner of the installation", root.token, good, 403, "owner_required"},
			{"a key of the community", a.Key(t, x.serverID), good, 403, "session_required"},
			{"a key of another community", a.Key(t, a.Community(t)), good, 403, "wrong_community"},
			{"a key of the owner", userKey, good, 403, "session_required"},
			{"a session that another system began", limited, good, 403, "limited_session"},
			{"an old sign-in", old.token, good, 403, "proof_required"},
			{"an old sign-in that would be refused anyway", old.token, `{"userId":"nobody","confirm":"x"}`, 403, "proof_required"},
			{"without the name", x.owner.token, `{"userId":"ben"}`, 400, "confirm_required"},
			{"with another name", x.owner.token, `{"userId":"ben","confirm":"rovers"}`, 400, "confirm_required"},
			{"without a member", x.owner.token, `{"confirm":"Rovers"}`, 400, "invalid_input"},
			{"with a password", x.owner.token, `{"userId":"ben","confirm":"Rovers","password":"x"}`, 400, "invalid_input"},
			{"to themselves", x.owner.token, `{"userId":"ada","confirm":"Rovers"}`, 400, "invalid_input"},
			{"to nobody", x.owner.token, `{"userId":"nobody","confirm":"Rovers"}`, 404, "user_not_found"},
			{"to a person who is no member", x.owner.token, `{"userId":"stranger","confirm":"Rovers"}`, 404, "user_not_found"},
		} {
			if res := x.ask(c.token, c.body); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		if got := x.actions(); len(got) > 0 {
			t.Errorf("refused requests left %v", got)
		}
	})
}

// role creates a role with server permissions.
func (x *transferred) role(title string, order int, permissions ...string) access.Role {
	x.Helper()
	may := map[string]bool{}
	for _, name := range permissions {
		may[name] = true
	}
	made, err := x.app.Access.CreateRole(x.Context(), apptest.Operator, x.serverID, access.RoleInput{Title: title, Order: order, ServerPermissions: may})
	if err != nil {
		x.Fatal(err)
	}
	return made
}

// limited returns a session of a member that another system started.
func (x *transferred) limited(p party) string {
	x.Helper()
	key, err := x.app.Access.Authenticate(x.Context(), x.app.Key(x.T, x.serverID, actor.PermSignIn))
	if err != nil {
		x.Fatal(err)
	}
	link, err := x.app.Access.CreateSignInLink(x.Context(), key, p.ID, "crm.example.com")
	if err != nil {
		x.Fatal(err)
	}
	_, secret, _ := strings.Cut(link.URL, "?token=")
	token, _, err := x.app.Accounts.RedeemLink(x.Context(), secret, account.SessionInfo{})
	if err != nil {
		x.Fatal(err)
	}
	return token
}

func TestCommunityHasOneOpenTransfer(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		first := x.ask(x.owner.token, fmt.Sprintf(`{"userId":%d,"confirm":"Rovers"}`, x.ben.Number), "Idempotency-Key", "one")
		again := x.ask(x.owner.token, fmt.Sprintf(`{"userId":%d,"confirm":"Rovers"}`, x.ben.Number), "Idempotency-Key", "one")
		if first.status != 202 || again.status != 202 || first.text != again.text {
			t.Fatalf("%d %s, again %d %s", first.status, first.text, again.status, again.text)
		}
		until, err := time.Parse(time.RFC3339, first.at("data.expiresAt").(string))
		if err != nil || time.Until(until) < 7*24*time.Hour-time.Minute || time.Until(until) > 7*24*time.Hour {
			t.Errorf("expires at %v, %v", until, err)
		}
		if res := x.ask(x.owner.token, `{"userId":"ben","confirm":"Rovers"}`); res.status != 409 || res.code() != "transfer_pending" {
			t.Errorf("a second one: %d %s", res.status, res.text)
		}
		id := first.at("data.transferId").(string)
		stranger := newParty(t, a, "stranger")
		x.join(stranger)
		for name, cause := range map[string]error{
			"owner_required":     a.Ownership.WithdrawTransfer(t.Context(), x.ben.actor, x.serverID, id),
			"transfer_not_found": a.Ownership.AcceptTransfer(t.Context(), stranger.actor, x.serverID, id),
			"session_required":   a.Ownership.AcceptTransfer(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: x.ben.ID}, x.serverID, id),
			"limited_session":    a.Ownership.AcceptTransfer(t.Context(), actor.Actor{Kind: actor.Session, AccountID: x.ben.ID, OnlyCommunity: x.serverID}, x.serverID, id),
		} {
			if !errs.Is(cause, name) {
				t.Errorf("%v, want %s", cause, name)
			}
		}
		if err := a.Ownership.WithdrawTransfer(t.Context(), x.owner.actor, x.serverID, id); err != nil {
			t.Fatal(err)
		}
		if err := x.accept(id); !errs.Is(err, "transfer_ended") {
			t.Errorf("accepted what was withdrawn: %v", err)
		}
		second := x.offer()
		if err := a.Ownership.DeclineTransfer(t.Context(), x.ben.actor, x.serverID, second); err != nil {
			t.Fatal(err)
		}
		want := []string{"transfer.create ben by ada", "transfer.withdraw ben by ada", "transfer.create ben by ada", "transfer.decline ben by ben"}
		if d := cmp.Diff(want, x.actions()); d != "" || !slices.Equal(x.owners(), []string{"ada"}) {
			t.Errorf("owners %v, audit log %s", x.owners(), d)
		}
	})
}

func TestUnclaimedMemberCannotBecomeOwner(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		ask := func(name string) reply { return x.ask(x.owner.token, `{"userId":"`+name+`","confirm":"Rovers"}`) }
		importFile(t, a, a.Key(t, x.serverID), "First Name,Last Name,Username,Email\nGrace,Hopper,grace,grace@example.com\n")
		if res := ask("grace"); res.status != 409 || res.code() != "member_pending" {
			t.Errorf("imported: %d %s", res.status, res.text)
		}
		x.exec("UPDATE accounts SET signed_in_at = 1 WHERE username = 'grace'")
		if res := ask("grace"); res.status != 409 || res.code() != "member_pending" {
			t.Errorf("signed in with an address that is not confirmed: %d %s", res.status, res.text)
		}
		penalty, err := a.Moderation.Penalise(t.Context(), x.owner.actor, x.serverID, moderation.PenaltyInput{User: "ben", Kind: moderation.Suspend, Reason: "x", Until: time.Now().Add(time.Hour).UnixMilli()})
		if err != nil {
			t.Fatal(err)
		}
		if res := ask("ben"); res.status != 409 || res.code() != "member_suspended" {
			t.Errorf("suspended: %d %s", res.status, res.text)
		}
		if _, err := a.Moderation.LiftPenalty(t.Context(), x.owner.actor, x.serverID, penalty.ID); err != nil {
			t.Fatal(err)
		}
		id := x.offer()
		x.exec("UPDATE accounts SET email_verified_at = 0 WHERE id = $1", x.ben.ID)
		if err := x.accept(id); !errs.Is(err, "email_not_verified") || x.state(id) != transfer.Open {
			t.Errorf("%v, %s", err, x.state(id))
		}
	})
}

func TestPermissionsMoveToTheNewOwnerAtOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		limited := x.limited(x.ben)
		_, key, err := a.Access.CreateKey(t.Context(), x.owner.actor, x.serverID, access.KeyInput{Name: "sync", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		at := "/v1/servers/" + x.serverID
		probe := func(token string) int { return send(t, a, "GET", at+"/audit-log", token, "").status }
		if probe(x.owner.token) != 200 || probe(key) != 200 || probe(x.ben.token) != 403 || send(t, a, "GET", at, limited, "").status != 200 {
			t.Fatal("the rights before the transfer are wrong")
		}
		id := x.offer()
		if err := x.accept(id); err != nil {
			t.Fatal(err)
		}
		if probe(x.owner.token) != 403 || probe(key) != 403 || probe(x.ben.token) != 200 || send(t, a, "GET", at, limited, "").code() != "limited_session" {
			t.Errorf("after it: former owner %d, their key %d, new owner %d, their limited session %d",
				probe(x.owner.token), probe(key), probe(x.ben.token), send(t, a, "GET", at, limited, "").status)
		}
		if got := send(t, a, "GET", at, x.owner.token, ""); got.at("data.owner.username") != "ben" || got.at("data.memberCount") != 2.0 {
			t.Errorf("%s", got.text)
		}
		if err := x.accept(id); !errs.Is(err, "transfer_ended") {
			t.Errorf("accepted twice: %v", err)
		}
		want := []string{"transfer.create ben by ada", "user.add_owner ben by ben", "user.remove_owner ada by ben", "transfer.accept ben by ben"}
		if d := cmp.Diff(want, x.actions()); d != "" {
			t.Errorf("audit log: %s", d)
		}
		for name, res := range map[string]reply{
			"deleted by the former owner": send(t, a, "DELETE", at+"?confirm=Rovers", x.owner.token, ""),
			"left by the new owner":       send(t, a, "POST", at+"/leave", x.ben.token, ""),
		} {
			if res.status == 200 {
				t.Errorf("%s: %s", name, res.text)
			}
		}
		if res := send(t, a, "POST", at+"/leave", x.owner.token, ""); res.status != 200 {
			t.Errorf("the former owner leaves: %d %s", res.status, res.text)
		}
	})
}

func TestFormerOwnerGetsTheHighestAdministratorRole(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		_, key, err := a.Access.CreateKey(t.Context(), x.owner.actor, x.serverID, access.KeyInput{Name: "sync", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		x.role("Moderators", 90, permission.KickMembers, permission.BanMembers)
		high := x.role("Admins", 50, permission.ServerAdministrator)
		x.role("Helpers", 10, permission.ServerAdministrator)
		if err := x.accept(x.offer()); err != nil {
			t.Fatal(err)
		}
		roles, err := a.Members.RolesOf(t.Context(), apptest.Operator, x.serverID, "ada")
		if err != nil || len(roles) != 2 || roles[0].ID != high.ID {
			t.Errorf("%+v, %v", roles, err)
		}
		at := "/v1/servers/" + x.serverID
		if owner, keyed := send(t, a, "GET", at+"/audit-log", x.owner.token, ""), send(t, a, "GET", at+"/audit-log", key, ""); owner.status != 200 || keyed.status != 200 {
			t.Errorf("an administrator: %d %s, their key %d %s", owner.status, owner.text, keyed.status, keyed.text)
		}
		if !slices.Contains(eventTypes(t, a, x.serverID), "user.role_added") {
			t.Errorf("events %v", eventTypes(t, a, x.serverID))
		}
		if res := send(t, a, "GET", "/v1/communities/"+x.serverID+"/users/ada/user-field-histories", x.ben.token, ""); res.at("data.0.newValue.0") != high.Title || res.at("data.0.actor") != x.ben.actor.Ref() {
			t.Errorf("history: %d %s", res.status, res.text)
		}
		back := send(t, a, "POST", at+"/transfer", x.ben.token, `{"userId":"ada","confirm":"Rovers"}`)
		id, _ := back.at("data.transferId").(string)
		if err := a.Ownership.AcceptTransfer(t.Context(), x.owner.actor, x.serverID, id); err != nil || !slices.Equal(x.owners(), []string{"ada"}) {
			t.Errorf("and back: %d %s, %v, %v", back.status, back.text, err, x.owners())
		}
	})
}

func TestTransferEndsWhenAPartyBecomesIneligible(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		ctx := t.Context()
		penalise := func(kind string) func() error {
			return func() error {
				in := moderation.PenaltyInput{User: "ben", Kind: kind, Reason: "x"}
				if kind == moderation.Suspend {
					in.Until = time.Now().Add(time.Hour).UnixMilli()
				}
				_, err := a.Moderation.Penalise(ctx, x.owner.actor, x.serverID, in)
				return err
			}
		}
		for _, c := range []struct {
			name string
			do   func() error
		}{
			{"the member leaves", func() error { return a.Moderation.Leave(ctx, x.ben.actor, x.serverID) }},
			{"the member is kicked", penalise(moderation.Kick)},
			{"the member is banned", penalise(moderation.Ban)},
			{"the member is suspended", penalise(moderation.Suspend)},
			{"the member is deleted", func() error { return a.Members.Delete(ctx, x.owner.actor, x.serverID, []string{x.ben.ID}) }},
			{"the import of the member is undone", func() error {
				return a.DB.Tx(ctx, func(tx *sqldb.Tx) error {
					return member.Remove(ctx, tx, x.serverID, []string{x.ben.ID}, time.Now().UnixMilli())
				})
			}},
			{"the owner leaves", func() error {
				other := newParty(t, a, "other")
				if err := a.Ownership.AddOwner(ctx, actor.Actor{Kind: actor.Command}, x.serverID, other.ID); err != nil {
					return err
				}
				return a.Moderation.Leave(ctx, x.owner.actor, x.serverID)
			}},
			{"the community is deleted", func() error {
				_, err := a.Ownership.DeleteCommunity(ctx, x.owner.actor, x.serverID, "Rovers")
				return err
			}},
		} {
			x.found()
			id := x.offer()
			if err := c.do(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if got := x.state(id); got != transfer.Cancelled {
				t.Errorf("%s: the transfer is %s", c.name, got)
			}
			if err := x.accept(id); err == nil || slices.Contains(x.owners(), "ben") {
				t.Errorf("%s: accepted, %v", c.name, x.owners())
			}
		}
	})
}

func TestRestoredMemberHasNoOldTransfer(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		id := x.offer()
		for _, change := range []func(context.Context, actor.Actor, string, []string) error{a.Members.Delete, a.Members.Restore} {
			if err := change(t.Context(), x.owner.actor, x.serverID, []string{x.ben.ID}); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.accept(id); !errs.Is(err, "transfer_ended") {
			t.Errorf("%v", err)
		}
		id = x.offer()
		if _, err := a.Ownership.DeleteCommunity(t.Context(), x.owner.actor, x.serverID, "Rovers"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Ownership.RestoreCommunity(t.Context(), x.owner.actor, x.serverID, a.Communities.ErasureCutoff()); err != nil {
			t.Fatal(err)
		}
		if err := x.accept(id); !errs.Is(err, "transfer_ended") {
			t.Errorf("of a restored community: %v", err)
		}
	})
}

func TestTransferExpiresAfterSevenDays(t *testing.T) {
	for _, swept := range []bool{true, false} {
		eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
			x := newTransferred(t, a)
			id := x.offer()
			wait(7*24*time.Hour - time.Second)
			if open, err := a.Ownership.OpenTransfer(t.Context(), apptest.Operator, x.serverID); err != nil || open.ID != id {
				t.Errorf("a second before: %+v, %v", open, err)
			}
			wait(time.Second)
			if _, err := a.Ownership.OpenTransfer(t.Context(), apptest.Operator, x.serverID); !errs.Is(err, "transfer_not_found") {
				t.Errorf("afterwards it is open: %v", err)
			}
			if swept {
				if err := a.Ownership.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else if err := x.accept(id); !errs.Is(err, "transfer_ended") {
				t.Errorf("accepted: %v", err)
			}
			if x.state(id) != transfer.Expired {
				t.Errorf("it is %s", x.state(id))
			}
			if ended := x.mails(mail.TransferEnded, 1); ended[0].To != "ada@example.com" || !strings.Contains(ended[0].Text, "has not answered") {
				t.Errorf("%+v", ended)
			}
			want := []string{"transfer.create ben by ada", "transfer.expire ben by "}
			if d := cmp.Diff(want, x.actions()); d != "" {
				t.Error(d)
			}
			wait(31 * 24 * time.Hour)
			if err := a.Ownership.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var left int
			if err := a.DB.QueryRow(t.Context(), "SELECT count(*) FROM ownership_transfers").Scan(&left); err != nil || left != 0 {
				t.Errorf("%d transfers are kept, %v", left, err)
			}
		})
	}
}

// The sweep runs once an hour; the mail about the expiry does not wait for it.
func TestTransferExpiresAtItsTimeWithoutSweep(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		x := newTransferred(t, a)
		declined := x.offer()
		if err := a.Ownership.DeclineTransfer(t.Context(), x.ben.actor, x.serverID, declined); err != nil {
			t.Fatal(err)
		}
		id := x.offer()
		planned, err := sqldb.One(t.Context(), a.DB, "job", sqldb.Value[bool], `SELECT j.run_at = t.expires_at FROM jobs j, ownership_transfers t
			WHERE j.kind = 'member.transfer_expiry' AND CAST(j.args AS TEXT) LIKE '%' || t.id || '%' AND t.id = $1`, id)
		if err != nil || !planned {
			t.Fatalf("the expiry is planned for its time: %v, %v", planned, err)
		}
		wait(7 * 24 * time.Hour)
		until(t, func() bool { return x.state(id) == transfer.Expired })
		x.mails(mail.TransferEnded, 2)
		if x.state(declined) != transfer.Declined {
			t.Errorf("the declined one is %s", x.state(declined))
		}
	})
}

func TestExpiredTransferAllowsAnother(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		first := x.offer()
		x.exec("UPDATE ownership_transfers SET expires_at = 1 WHERE id = $1", first)
		second := x.offer()
		if x.state(first) != transfer.Expired || x.state(second) != transfer.Open {
			t.Errorf("%s, %s", x.state(first), x.state(second))
		}
	})
}

func TestTransferMailsALinkToTheMemberAndTheDecisionToTheOwner(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		x.exec("UPDATE communities SET name = 'Rovers visit https://evil.example/ now' WHERE id = $1", x.serverID)
		res := x.ask(x.owner.token, `{"userId":"ben","confirm":"Rovers visit https://evil.example/ now"}`)
		id, _ := res.at("data.transferId").(string)
		offered := x.mails(mail.TransferOffered, 1)[0]
		_, rest, found := strings.Cut(offered.Text, ownership.TransferPage+"?token=")
		if !found || len(rest) < 64 || offered.To != "ben@example.com" || strings.Contains(offered.Text+offered.Subject, "evil.example") {
			t.Fatalf("%+v", offered)
		}
		token := rest[:64]
		var kept int
		if err := a.DB.QueryRow(t.Context(), "SELECT count(*) FROM ownership_transfers WHERE token_hash = $1", token).Scan(&kept); err != nil || kept != 0 {
			t.Errorf("the token is in the database: %d, %v", kept, err)
		}
		if _, err := a.Ownership.TransferByToken(t.Context(), x.owner.actor, token); !errs.Is(err, "not_your_transfer") {
			t.Errorf("another account: %v", err)
		}
		if _, err := a.Ownership.TransferByToken(t.Context(), x.ben.actor, strings.Repeat("0", 64)); !errs.Is(err, "link_expired") {
			t.Errorf("another token: %v", err)
		}
		if got, err := a.Ownership.TransferByToken(t.Context(), x.ben.actor, token); err != nil || got.ID != id {
			t.Errorf("%+v, %v", got, err)
		}
		if err := x.accept(id); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Ownership.TransferByToken(t.Context(), x.ben.actor, token); !errs.Is(err, "transfer_ended") {
			t.Errorf("the link works again: %v", err)
		}
		if ended := x.mails(mail.TransferEnded, 1)[0]; ended.To != "ada@example.com" || !strings.Contains(ended.Text, "ben has accepted") {
			t.Errorf("%+v", ended)
		}
	})
}

func TestTransferRespectsTheLimitOfOwnedCommunities(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		id := x.offer()
		now := time.Now().UnixMilli()
		for i := range 100 {
			x.exec(`INSERT INTO members (community_id, user_id, state, owner, first_name, last_name, name_key, phone, country, language, roles, tags, fields, joined_at, updated_at, account_id, number, email, email_key, username, username_key)
				VALUES ($1, $2, 'active', TRUE, '', '', '', '', '', '', '[]', '[]', '{}', $3, $3, $2, 1, '', '', '', '')`, fmt.Sprintf("%024x", i), x.ben.ID, now)
		}
		if err := x.accept(id); !errs.Is(err, "too_many_communities") || x.state(id) != transfer.Open {
			t.Errorf("%v, %s", err, x.state(id))
		}
		x.exec("DELETE FROM members WHERE user_id = $1 AND community_id = $2", x.ben.ID, fmt.Sprintf("%024x", 7))
		if err := x.accept(id); err != nil || !slices.Equal(x.owners(), []string{"ben"}) {
			t.Errorf("%v, %v", err, x.owners())
		}
	})
}

func TestErasedMemberHasNoTransfer(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		x := newTransferred(t, a)
		x.offer()
		if err := a.Members.Delete(t.Context(), x.owner.actor, x.serverID, []string{x.ben.ID}); err != nil {
			t.Fatal(err)
		}
		wait(31 * 24 * time.Hour)
		if err := a.Members.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"transfer.create  by ada", "transfer.cancel  by ada"}
		if d := cmp.Diff(want, x.actions()); d != "" {
			t.Errorf("audit log: %s", d)
		}
	})
}
