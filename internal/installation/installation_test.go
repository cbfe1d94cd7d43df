package installation_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/installation"
)

// root is the session of an owner of the installation.
func root(t *testing.T, a *apptest.App) actor.Actor {
	t.Helper()
	created, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "root@example.com", Username: "root", InstallationOwner: true})
	if err != nil {
		t.Fatal(err)
	}
	return actor.Actor{Kind: actor.Session, AccountID: created.ID, Name: "root", InstallationOwner: true}
}

func newCommunity(t *testing.T, a *apptest.App, name string) string {
	t.Helper()
	created, err := a.Communities.Create(t.Context(), community.Input{Name: name}, actor.Actor{})
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// names lists the names of all pages of communities, two at a time.
func names(t *testing.T, a *apptest.App, caller actor.Actor, search string) (found []string) {
	t.Helper()
	q := installation.Query{Search: search, Limit: 2}
	for {
		list, next, err := a.Installation.Communities(t.Context(), caller, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			found = append(found, c.Name)
		}
		if q.Cursor = next; next == "" {
			return found
		}
	}
}

func TestCommunitiesAreListedWithTheirFigures(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		caller := root(t, a)
		rovers, owls := newCommunity(t, a, "Rovers 100%"), newCommunity(t, a, "Night ÖWLS")
		newCommunity(t, a, "Harbour")
		olivia, _ := a.Owner(t, rovers, "olivia")
		a.Import(t, rovers, a.Key(t, rovers), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil)
		if got := names(t, a, caller, ""); !slices.Equal(got, []string{"Harbour", "Night ÖWLS", "Rovers 100%"}) {
			t.Errorf("%q", got)
		}
		for search, want := range map[string]string{"öwl": "Night ÖWLS", "0%": "Rovers 100%", "_": ""} {
			if got := names(t, a, caller, search); fmt.Sprint(got) != "["+want+"]" {
				t.Errorf("%q finds %q", search, got)
			}
		}
		list, _, err := a.Installation.Communities(t.Context(), caller, installation.Query{Search: "rovers", Limit: 5})
		if err != nil || len(list) != 1 || list[0].Members != 2 || !slices.Equal(list[0].Owners, []string{"olivia"}) || list[0].Files != 1 || list[0].Bytes == 0 || list[0].ErasedAt != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := a.Ownership.DeleteCommunity(t.Context(), caller, owls, "Night ÖWLS"); err != nil {
			t.Fatal(err)
		}
		list, _, err = a.Installation.Communities(t.Context(), caller, installation.Query{Search: "night", Limit: 5})
		if err != nil || len(list) != 1 || list[0].DeletedAt == 0 || list[0].ErasedAt != a.Communities.ErasedAt(list[0].Community) {
			t.Errorf("%+v, %v", list, err)
		}
		stranger := actor.Actor{Kind: actor.Session, AccountID: olivia.ID}
		limited := caller
		limited.OnlyCommunity = rovers
		key := actor.Actor{Kind: actor.UserKey, AccountID: caller.AccountID, InstallationOwner: true}
		for name, other := range map[string]actor.Actor{"the owner of a community": stranger, "a limited session": limited, "a key of the owner": key} {
			if _, _, err := a.Installation.Communities(t.Context(), other, installation.Query{Limit: 5}); !errs.Is(err, "owner_required") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestAccountsAreFoundByTheBeginningOfEmailAndUsername(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		caller := root(t, a)
		rovers := newCommunity(t, a, "Rovers")
		a.Owner(t, rovers, "olivia")
		a.Owner(t, newCommunity(t, a, "Owls"), "oscar")
		find := func(search string) (found []string) {
			q := installation.Query{Search: search, Limit: 1}
			for {
				list, next, err := a.Installation.Accounts(t.Context(), caller, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range list {
					found = append(found, one.Username)
				}
				if q.Cursor = next; next == "" {
					return found
				}
			}
		}
		for search, want := range map[string][]string{
			"": {"oscar", "olivia", "root"}, "o": {"oscar", "olivia"}, "OLIVIA@ex": {"olivia"}, "livia": nil, "%": nil, "o_": nil,
		} {
			if got := find(search); !slices.Equal(got, want) {
				t.Errorf("%q finds %q, want %q", search, got, want)
			}
		}
		list, _, err := a.Installation.Accounts(t.Context(), caller, installation.Query{Search: "olivia", Limit: 5})
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if o := list[0]; !o.Verified || !o.Password || o.TOTP || o.Passkeys != 0 || o.Providers != 0 || o.Sessions != 1 || o.SignedInAt == 0 || !slices.Equal(o.Communities, []string{"Rovers"}) {
			t.Errorf("%+v", o)
		}
	})
}

func TestSigningOutEndsSessionsAndIsRecorded(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		caller := root(t, a)
		olivia, token := a.Owner(t, newCommunity(t, a, "Rovers"), "olivia")
		stranger := actor.Actor{Kind: actor.Session, AccountID: olivia.ID, Name: "olivia"}
		if _, err := a.Installation.SignOut(t.Context(), stranger, olivia.ID); !errs.Is(err, "owner_required") {
			t.Error(err)
		}
		if _, err := a.Accounts.Sessions.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Installation.SignOut(t.Context(), caller, "65a000000000000000000001"); !errs.Is(err, "account_not_found") {
			t.Error(err)
		}
		if _, err := a.Installation.SignOut(t.Context(), caller, olivia.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Accounts.Sessions.Authenticate(t.Context(), token); !errs.Is(err, "invalid_credential") {
			t.Errorf("the session is valid: %v", err)
		}
		entries, _, err := a.Installation.AuditLog(t.Context(), caller, audit.Filter{Limit: 10})
		if err != nil || len(entries) != 1 || entries[0].Action != "account.sign_out" || entries[0].ActorName != "root" || entries[0].Target.Name != "olivia" {
			t.Errorf("%+v, %v", entries, err)
		}
		if size, err := a.Installation.DatabaseSize(t.Context(), caller); err != nil || size < 10_000 {
			t.Errorf("the database has %d bytes, %v", size, err)
		}
	})
}
