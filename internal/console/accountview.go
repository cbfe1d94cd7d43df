package console

import (
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/i18n"
)

// SecurityView is how a person signs in.
type SecurityView struct {
	Page
	account.Methods
	Codes         []string // recovery codes, this one time
	Provider      string   // "": none is set
	PasskeysHere  bool     // the browser is where passkeys work
	PasskeyOrigin string   // where they work, "": nowhere
	Errors        map[string]string
}

// TOTPView shows a secret to an authenticator app.
type TOTPView struct {
	Page
	Secret, Picture string // in groups; the address of a picture
}

// ConnectView leads to the provider.
type ConnectView struct {
	Page
	Provider, Address string
}

// SessionsView lists where a person is signed in.
type SessionsView struct {
	Page
	Sessions []SessionRow
}

// SessionRow is one session.
type SessionRow struct {
	ID, Device, Address string
	By                  string // the system that began it, "": the person
	Current             bool
	CreatedAt, SeenAt   int64
}

// OwnKeysView lists the keys of a person, with the one that was just made.
type OwnKeysView struct {
	Page
	account.Methods
	Keys            []KeyRow
	NewName, NewKey string // the secret, this one time
	Name            string
	Days            int
	Chosen          map[string]bool
	Errors          map[string]string
}

// tab is one of the pages about a person.
type tab struct{ Path, Label string }

var accountTabs = []tab{
	{accountPath, i18n.Key("Profile")}, {securityPath, i18n.Key("Signing in")}, {sessionsPath, i18n.Key("Sessions")}, {ownKeysPath, i18n.Key("API keys")},
}

// grouped is a secret as people type it.
func grouped(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}

// device says in a few words what a browser calls itself; it claims to be
// several others too, so that the order matters.
func device(userAgent string) string {
	browser, system := "", ""
	for _, known := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if browser == "" && strings.Contains(userAgent, known[0]) {
			browser = known[1]
		}
	}
	for _, known := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if system == "" && strings.Contains(userAgent, known[0]) {
			system = known[1]
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " · " + system
	case browser+system != "":
		return browser + system
	}
	return userAgent
}

// lineByLine is a list to be copied as a whole.
func lineByLine(list []string) string { return strings.Join(list, "\n") }

// numbered is an id of the nth thing of a kind.
func numbered(kind string, n int) string { return kind + "-" + strconv.Itoa(n) }
