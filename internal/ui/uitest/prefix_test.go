package uitest_test

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
	uiaccount "github.com/regulars/regulars/internal/ui/account"
	uiinstallation "github.com/regulars/regulars/internal/ui/installation"
	uisignin "github.com/regulars/regulars/internal/ui/signin"
)

// TestEachPrefixOfAPageHasAnAddress asks for every prefix of the address of every
// page, with and without a slash at its end.
func TestEachPrefixOfAPageHasAnAddress(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	communityID, olivia := owner(t, a)
	root := installationOwner(t, a)
	account, _ := uiaccount.New(nil, uiaccount.Services{})
	names := strings.NewReplacer("{community}", communityID)
	asked := map[string]bool{"/sign-in/provider": true, provider.ReturnPath: true} // exist with a provider only
	for _, area := range append(communityAreas(), account, uisignin.New(nil, uisignin.Services{}), uiinstallation.New(nil, uiinstallation.Services{})) {
		for _, route := range area.Routes {
			method, address := route.Pattern()
			for prefix := names.Replace(address); method == http.MethodGet && prefix != "/"; prefix = path.Dir(prefix) {
				if strings.Contains(prefix, "{") || strings.HasSuffix(prefix, "*") || asked[prefix] {
					continue
				}
				asked[prefix] = true
				for _, one := range []string{prefix, prefix + "/"} {
					if status := lastStatus(t, root, one); status != http.StatusOK && !slices.Contains([]int{http.StatusConflict, http.StatusGone, http.StatusBadRequest, http.StatusUnprocessableEntity}, status) {
						t.Errorf("%s: %d", one, status)
					}
				}
			}
		}
	}
	if len(asked) < 50 {
		t.Errorf("only %d addresses", len(asked))
	}
	base := "/c/" + communityID
	for _, c := range []struct {
		who      person
		from, to string
	}{
		{olivia, "/docs/", "/docs"},
		{olivia, "/docs/api/", "/docs/api"},
		{olivia, "/docs/members/?q=x", "/docs/members?q=x"},
		{olivia, "/docs/screenshots", "/docs"},
		{olivia, base + "/settings", base + "/settings/appearance"},
		{olivia, base + "/settings/", base + "/settings"},
		{olivia, base + "/channels/categories", base + "/channels"},
		{olivia, "/account/", "/account"},
		{olivia, "/c", "/"},
		{root, "/-", "/-/communities"},
		{person{t, a, ""}, "/join", "/"},
	} {
		if got := c.who.get(c.from); got.header.Get("Location") != c.to {
			t.Errorf("%s redirects to %q, not to %s: %d", c.from, got.header.Get("Location"), c.to, got.status)
		}
	}
	_, token := a.Owner(t, a.Community(t), "stranger")
	stranger := person{t, a, token}
	for from, who := range map[string]person{base + "/settings": stranger, "/-": olivia, "/nothing/": olivia} {
		if got := who.get(from); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", from, got.status)
		}
	}
}

// lastStatus follows redirects within the server.
func lastStatus(t *testing.T, who person, address string) int {
	t.Helper()
	for range 8 {
		got := who.get(address)
		next := got.header.Get("Location")
		if next == "" {
			return got.status
		}
		address = next
	}
	return 0
}
