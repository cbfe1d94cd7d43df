package uitest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
)

func TestKeyIsUpdatedOnItsPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		made, secret, err := a.Access.CreateKey(t.Context(), apptest.Operator, communityID, access.KeyInput{Name: "Nightly", Permissions: []actor.Permission{permission.GetUserData, permission.Games}, ExpirePeriod: 30})
		if err != nil {
			t.Fatal(err)
		}
		path := "/c/" + communityID + "/api-keys/" + made.ID
		got := olivia.get(path)
		for _, want := range []string{`value="Nightly"`, "never used", `value="games" checked`, `value="getUserData" checked`, "Unchanged:"} {
			if !strings.Contains(got.text, want) {
				t.Errorf("the page lacks %q: %d", want, got.status)
			}
		}
		if got := olivia.post(path, url.Values{"name": {""}, "ends": {"x"}}); got.status != 400 || !strings.Contains(got.text, "at least one permission") || !strings.Contains(got.text, "1 to 3650 days") {
			t.Errorf("%d %.600s", got.status, got.text)
		}
		form := url.Values{"name": {"Weekly"}, "ends": {"keep"}, "permissions": {"roles"}}
		if to := olivia.follow(path, form); to != "/c/"+communityID+"/api-keys" {
			t.Errorf("on to %s", to)
		}
		key, err := a.Access.Key(t.Context(), apptest.Operator, communityID, made.ID)
		if err != nil || key.Name != "Weekly" || key.Active || key.ExpiresAt != made.ExpiresAt || len(key.Permissions) != 1 {
			t.Errorf("%+v %v", key, err)
		}
		if list := olivia.get("/c/" + communityID + "/api-keys"); !strings.Contains(list.text, "switched off") {
			t.Error("the list does not say that it is switched off")
		}
		if status, _ := a.Do(t, "GET", "/v1/auth/me", secret, nil); status != 401 {
			t.Errorf("a key that is switched off: %d", status)
		}
		form.Set("on", "true")
		form.Set("ends", "0")
		olivia.follow(path, form)
		if key, err := a.Access.Key(t.Context(), apptest.Operator, communityID, made.ID); err != nil || !key.Active || key.ExpiresAt != 0 {
			t.Errorf("%+v %v", key, err)
		}
		other, nobody := owner2(t, a)
		for _, p := range []string{"/c/" + other + "/api-keys/" + made.ID, path} {
			if got := nobody.get(p); got.status != 404 {
				t.Errorf("%s of a stranger: %d", p, got.status)
			}
			if got := nobody.post(p, form); got.status != 404 {
				t.Errorf("%s changed by a stranger: %d", p, got.status)
			}
		}
	})
}

// owner2 is the owner of another community.
func owner2(t *testing.T, a *apptest.App) (communityID string, p person) {
	t.Helper()
	communityID = a.Community(t)
	_, token := a.Owner(t, communityID, "stranger")
	return communityID, person{t, a, token}
}

func TestPersonalKeyIsUpdated(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		channel, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "harbour-talk"})
		if err != nil {
			t.Fatal(err)
		}
		acct, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "olivia")
		if err != nil {
			t.Fatal(err)
		}
		self := actor.Actor{Kind: actor.UserKey, AccountID: acct.ID, Permissions: []actor.Permission{actor.PermAll}}
		gone := "6a21d1c09f3b0c4d5e6f7a8b"
		made, _, err := a.Access.CreateUserKey(t.Context(), self, account.Proof{}, access.KeyInput{Name: "Phone", Permissions: []actor.Permission{permission.GetUserData}, Channels: []string{gone}})
		if err != nil {
			t.Fatal(err)
		}
		path := "/account/api-keys/" + made.ID
		got := olivia.get(path)
		for _, want := range []string{`value="Phone"`, "harbour-talk", `value="` + gone + `" checked`, "Unchanged: never", `value="getUserData" checked`} {
			if got.status != 200 || !strings.Contains(got.text, want) {
				t.Errorf("the page lacks %q: %d", want, got.status)
			}
		}
		if got := olivia.post(path, url.Values{"name": {""}, "ends": {"x"}, "channels": {"x"}}); got.status != 400 || !strings.Contains(got.text, "at least one permission") || !strings.Contains(got.text, "by their _id") {
			t.Errorf("%d %.600s", got.status, got.text)
		}
		if to := olivia.follow(path, url.Values{"name": {"Tablet"}, "ends": {"30"}, "permissions": {"roles", "getUserData"}, "channels": {channel.ID}}); to != "/account/api-keys" {
			t.Errorf("on to %s", to)
		}
		key, err := a.Access.UserKey(t.Context(), actor.Actor{Kind: actor.Session, AccountID: acct.ID}, made.ID)
		if err != nil || key.Name != "Tablet" || key.Active || key.ExpiresAt == 0 || len(key.Permissions) != 2 || len(key.Channels) != 1 || key.Channels[0] != channel.ID {
			t.Errorf("%+v %v", key, err)
		}
		if list := olivia.get("/account/api-keys"); !strings.Contains(list.text, "switched off") || !strings.Contains(list.text, path) {
			t.Error("the list does not lead to it, or does not say that it is switched off")
		}
		olivia.follow(path, url.Values{"name": {"Tablet"}, "ends": {"keep"}, "permissions": {"roles"}, "on": {"true"}})
		if key, err := a.Access.UserKey(t.Context(), actor.Actor{Kind: actor.Session, AccountID: acct.ID}, made.ID); err != nil || !key.Active || len(key.Channels) != 0 {
			t.Errorf("%+v %v", key, err)
		}
		_, stranger := owner2(t, a)
		if got := stranger.get(path); got.status != 404 {
			t.Errorf("of a stranger: %d", got.status)
		}
	})
}

func TestDisabledKeyIsTransferredOnItsPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nlow@example.com,low,Low,L\n", nil)
		administrator(t, a, communityID, "low", 5)
		low, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "low")
		if err != nil {
			t.Fatal(err)
		}
		made, secret, err := a.Access.CreateKey(t.Context(), actor.Actor{Kind: actor.Session, AccountID: low.AccountID}, communityID, access.KeyInput{Name: "Nightly", Permissions: []actor.Permission{permission.GetUserData}})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Members.Delete(t.Context(), apptest.Operator, communityID, []string{low.ID}); err != nil {
			t.Fatal(err)
		}
		list := "/c/" + communityID + "/api-keys"
		works := func() bool {
			status, _ := a.Do(t, "GET", "/v1/communities/"+communityID+"/users", secret, nil)
			return status == 200
		}
		if works() || !strings.Contains(olivia.get(list).text, "does nothing") || !strings.Contains(olivia.get(list+"/"+made.ID).text, "Transfer key to yourself") {
			t.Error("the pages do not say that the key does nothing")
		}
		olivia.follow(list+"/"+made.ID+"/take-over", nil)
		if !works() || strings.Contains(olivia.get(list).text, "does nothing") {
			t.Error("the key does nothing still")
		}
		_, stranger := owner2(t, a)
		if got := stranger.post(list+"/"+made.ID+"/take-over", nil); got.status != 404 {
			t.Errorf("taken over by a stranger: %d", got.status)
		}
	})
}

func TestKeyIsRotatedOnItsPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		made, old, err := a.Access.CreateKey(t.Context(), apptest.Operator, communityID, access.KeyInput{Name: "Nightly", Permissions: []actor.Permission{permission.GetUserData}})
		if err != nil {
			t.Fatal(err)
		}
		path := "/c/" + communityID + "/api-keys/" + made.ID
		got := olivia.post(path+"/rotate", url.Values{"hours": {"24"}})
		if got.status != 201 || !strings.Contains(got.text, "has a new secret") || !strings.Contains(got.text, "The old secret works until") {
			t.Errorf("%d %.600s", got.status, got.text)
		}
		if again := olivia.get(path); strings.Contains(again.text, "has a new secret") || !strings.Contains(again.text, "The old secret works until") {
			t.Error("the page shows the secret again, or not how long the old one works")
		}
		if status, _ := a.Do(t, "GET", "/v1/communities/"+communityID+"/users", old, nil); status != 200 {
			t.Errorf("the old secret: %d", status)
		}
		if got := olivia.post(path+"/rotate", url.Values{"hours": {"x"}}); got.status != 400 {
			t.Errorf("%d", got.status)
		}
	})
}
