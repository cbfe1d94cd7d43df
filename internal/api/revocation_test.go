package api_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
)

// revocation is a way in which a credential loses its access to the members of a
// community. It returns the credential, and the change that ends the access.
type revocation func(t *testing.T, a *apptest.App, home, owner string) (credential string, end func())

var revocations = map[string]revocation{
	"a deleted key": func(t *testing.T, a *apptest.App, home, owner string) (string, func()) {
		path := "/v1/communities/" + home + "/api-keys"
		id, secret := newKey(t, a, path, owner)
		return secret, func() { must(t, send(t, a, "DELETE", path+"/"+id, owner, "")) }
	},
	"a disabled key": func(t *testing.T, a *apptest.App, home, owner string) (string, func()) {
		path := "/v1/communities/" + home + "/api-keys"
		id, secret := newKey(t, a, path, owner)
		return secret, func() { must(t, send(t, a, "PUT", path+"/"+id, owner, `{"isActive":false}`)) }
	},
	"a deleted key of a person": func(t *testing.T, a *apptest.App, home, owner string) (string, func()) {
		me, _ := must(t, send(t, a, "GET", "/v1/auth/me", owner, "")).at("data._id").(string)
		path := "/v1/users/" + me + "/api-keys"
		id, secret := newKey(t, a, path, owner)
		return secret, func() { must(t, send(t, a, "DELETE", path+"/"+id, owner, "")) }
	},
	"an ended session": func(t *testing.T, a *apptest.App, home, _ string) (string, func()) {
		token, _ := guard(t, a, home)
		return token, func() { must(t, send(t, a, "POST", "/v1/auth/logout", token, "")) }
	},
	"a role without the permission": func(t *testing.T, a *apptest.App, home, owner string) (string, func()) {
		token, role := guard(t, a, home)
		return token, func() {
			must(t, send(t, a, "PUT", "/v1/roles/"+role+"?communityId="+home, owner, `{"server_permissions":{"server_administrator":false}}`))
		}
	},
	"a lost role": func(t *testing.T, a *apptest.App, home, owner string) (string, func()) {
		token, role := guard(t, a, home)
		return token, func() {
			must(t, send(t, a, "POST", "/v1/roles/"+role+"/remove?communityId="+home, owner, `{"userId":"guard-`+home+`"}`))
		}
	},
	"a deleted community": func(t *testing.T, a *apptest.App, home, owner string) (string, func()) {
		_, secret := newKey(t, a, "/v1/communities/"+home+"/api-keys", owner)
		return secret, func() { must(t, send(t, a, "DELETE", "/v1/servers/"+home+"?confirm=Testers", owner, "")) }
	},
}

func must(t *testing.T, res reply) reply {
	t.Helper()
	if res.status >= 300 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return res
}

func newKey(t *testing.T, a *apptest.App, path, owner string) (id, secret string) {
	t.Helper()
	made := must(t, send(t, a, "POST", path, owner, `{"name":"k","permissions":["getUserData"]}`))
	id, _ = made.at("data._id").(string)
	secret, _ = made.at("data.key").(string)
	return id, secret
}

// guard adds a member with a role that may see members, and returns a session and
// the role.
func guard(t *testing.T, a *apptest.App, home string) (token, roleID string) {
	t.Helper()
	key := a.Key(t, home)
	must(t, send(t, a, "POST", "/v1/users", key, `{"firstname":"G","lastname":"G","username":"guard-`+home+`","email":"guard-`+home+`@example.com"}`))
	made := must(t, send(t, a, "POST", "/v1/roles", key, `{"title":"Guard","order":5,"server_permissions":{"server_administrator":true}}`))
	roleID, _ = made.at("data._id").(string)
	must(t, send(t, a, "POST", "/v1/roles/"+roleID+"/add", key, `{"userId":"guard-`+home+`"}`))
	_, token = a.Claim(t, home, "guard-"+home)
	return token, roleID
}

// Readers on two nodes use a credential while it loses its access. A request that
// starts after the answer to the change is refused on the node that made it; one
// that starts a second later on the other node too. The rule is section 6 of the
// common contract.
func TestARevokedCredentialIsRefused(t *testing.T) {
	apptest.Each(t, func(t *testing.T, here *apptest.App) {
		secretKey, err := os.ReadFile(here.Config().KeyPath())
		if err != nil {
			t.Fatal(err)
		}
		there := apptest.New(t, here.DB.Dialect(), apptest.WithConfig(func(c *apptest.Config) {
			c.DatabaseURL, c.SecretKey = here.Config().Address(), strings.TrimSpace(string(secretKey))
		}))
		for name, revoke := range revocations {
			t.Run(name, func(t *testing.T) {
				home := here.Community(t)
				_, owner := here.Owner(t, home, "boss-"+home)
				credential, end := revoke(t, here, home, owner)
				path := "/v1/communities/" + home + "/users?limit=1"
				readWhile(t, []*reading{
					{url: here.URL() + path, credential: credential},
					{url: there.URL() + path, credential: credential, delay: time.Second},
				}, end)
			})
		}
	})
}

// reading is a request that many readers of one node repeat.
type reading struct {
	url, credential string
	delay           time.Duration // after a change, until requests that start are refused
	allowed         atomic.Int64
}

// change is the change that ends the access.
type change struct {
	began atomic.Bool
	ended atomic.Pointer[time.Time] // when it was answered; nil: not yet
}

// readWhile ends the access while 32 readers of each node repeat their requests.
func readWhile(t *testing.T, nodes []*reading, end func()) {
	t.Helper()
	const readers = 32
	var changed change
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	for _, node := range nodes {
		for range readers {
			all.Go(func() {
				for node.read(ctx, t, client, &changed) {
				}
			})
		}
	}
	for _, node := range nodes {
		await(ctx, t, func() bool { return node.allowed.Load() > 2*readers })
	}
	changed.began.Store(true)
	end()
	now := clock.Clock{}.Now()
	changed.ended.Store(&now)
	all.Wait()
}

// read sends one request and reports whether the reader continues: until a request
// that must be refused was refused.
func (n *reading) read(ctx context.Context, t *testing.T, client *http.Client, changed *change) bool {
	before := changed.ended.Load()
	started := clock.Clock{}.Now()
	mustRefuse := before != nil && started.Sub(*before) >= n.delay
	r, err := http.NewRequestWithContext(ctx, "GET", n.url, http.NoBody)
	if err != nil {
		t.Error(err)
		return false
	}
	r.Header.Set("Authorization", "Bearer "+n.credential)
	res, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return false
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		t.Error(err)
		return false
	case res.StatusCode == http.StatusOK:
		n.allowed.Add(1)
		if mustRefuse {
			t.Errorf("%s: allowed %s after the change", n.url, started.Sub(*before))
		}
		return !mustRefuse
	case res.StatusCode >= http.StatusInternalServerError || !changed.began.Load():
		t.Errorf("%s: %d %s", n.url, res.StatusCode, text)
		return false
	}
	return !mustRefuse
}

// await waits until a condition is true.
func await(ctx context.Context, t *testing.T, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("waited for too long")
		}
	}
}
