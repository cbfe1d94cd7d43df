package console

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/web"
)

// Page is what the frame around every page needs to know.
type Page struct {
	Title     string // of the document and of the head, unless the page makes its own head
	Tab       string // of the document, when it is not Title
	Help      string // one sentence at most
	Nav       string // which noun of the rail is lit
	Community Community
	Others    []Community // all that the person may enter, with this one
	Person    Person
	Reader    Reader
	Address   string // scheme and host the browser used, for the lines of code
	Toast     string // what succeeded elsewhere
	Alert     Alert  // what failed here
	Mailbox   bool   // there is one, and the person may read it
	Operator  bool   // the person owns the installation
	Busy      bool   // something goes on: without script the page asks again by itself

	Offer *TransferOffer            // of the community to the reader; nil: none
	May   map[actor.Permission]bool // what the person may do in the community, of what nouns need; nil: everything
}

// may reports whether the person may do what a noun of the rail needs.
func (p Page) may(need actor.Permission) bool { return p.May == nil || p.May[need] }

// inTab is the title of the document.
func (p Page) inTab() string {
	parts := []string{cmp.Or(p.Tab, p.Title), p.Community.Name, "Regulars"}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}

// Community is what pages show of a community.
type Community struct {
	ID, Name, Accent string
	Members          int64
}

// Person is who is signed in.
type Person struct{ Name, Email string }

// Alert is a failure told in its place. The zero Alert is none.
type Alert struct {
	Message   string
	Points    []string // one sentence for each wrong thing
	RequestID string
}

// noun is an entry of the rail.
type noun struct {
	Key, Label, Icon, Path string
	Need                   actor.Permission
}

// nouns are the areas that work, in the order of the rail.
var nouns = []noun{
	{"home", "Home", "store", "/home", access.PermViewChannels},
	{"members", "Members", "users", "/members", access.PermGetUserData},
	{"invites", "Invites", "mail", "/invites", access.PermCreateInvites},
	{"penalties", "Penalties", "ban", "/penalties", access.PermViewPenalties},
	{"roles", "Roles", "shield", "/roles", access.PermManageRoles},
	{"channels", "Channels", "hash", "/channels", access.PermManageChannels},
	{"fields", "Fields", "rows-3", "/fields", access.PermUserFields},
	{"import", "Import", "upload", "/import", access.PermBulkUpdateUser},
	{"api-log", "API log", "scroll-text", "/api-log", access.PermBulkUpdateUser},
	{"api-keys", "API keys", "key-round", "/api-keys", access.PermAPIKeys},
	{"audit-log", "Audit log", "history", "/audit-log", access.PermManageCommunity},
	{"settings", "Settings", "settings", "/settings/appearance", access.PermManageCommunity},
}

// needed are what the nouns need.
func needed() (needs []actor.Permission) {
	for _, n := range nouns {
		needs = append(needs, n.Need)
	}
	return needs
}

// T says a sentence in the reader's language: english is a constant, with
// verbs of fmt for args.
func (p Page) T(english string, args ...any) string { return p.Reader.T(english, args...) }

// In is the address of a page of the community.
func (p Page) In(path string) string { return "/c/" + p.Community.ID + path }

func safe(address string) templ.SafeURL { return templ.SafeURL(address) }

// Icon is a drawing beside a word; it says nothing to a screen reader.
func Icon(name string, class ...string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		classes := "icon"
		for _, c := range class {
			classes += " " + c
		}
		_, err := io.WriteString(w, `<svg class="`+classes+`" viewBox="0 0 24 24" aria-hidden="true">`+web.Icon(name)+`</svg>`)
		return err
	})
}

// searching makes a form ask while it is filled in, and exchange what its
// answer has for target.
func searching(address, target, trigger string) templ.Attributes {
	return templ.Attributes{
		"hx-get": address, "hx-target": target, "hx-select": target, "hx-swap": "outerHTML", "hx-trigger": trigger, "hx-sync": "this:replace",
	}
}

// swapping makes a link exchange the results of its page and keep the rest.
func swapping(address string) templ.Attributes {
	return templ.Attributes{
		"href": address, "hx-get": address, "hx-target": "#results", "hx-select": "#results",
		"hx-swap": "outerHTML", "hx-push-url": "true",
	}
}

// PaletteGroup is a part of what the palette found.
type PaletteGroup struct {
	Name  string
	Items []PaletteItem
}

// PaletteItem is one place to go to.
type PaletteItem struct{ Icon, Label, Hint, Link string }

func paletteID(n *int) string {
	*n++
	return "found-" + strconv.Itoa(*n)
}
