package ui

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/web"
)

// searchPermission is what the palette needs.
const searchPermission = permission.GetUserData

// Page is what the frame around every page needs to know.
type Page struct {
	Title     string // of the document and the head
	Tab       string // of the document, when it is not Title
	Help      string // one sentence at most
	Nav       string // key of the page of Rail that is shown, or that this one belongs to
	Community Community
	Others    []Community // all that the person may enter, with this one
	Person    Person
	Reader    Reader
	Address   string // scheme and host the browser used, for the lines of code
	Toast     string // what succeeded elsewhere
	Alert     Alert  // what failed here
	Busy      bool   // a job is running: without script the page refreshes itself

	Rail        []NavItem       // pages of the community
	Second      templ.Component // in place of the second level; nil: the pages of the noun
	AccountTabs []NavItem
	Permissions PermissionTexts // of all areas
	OperatorNav []NavItem       // empty: the person does not own the installation
	Notices     []templ.Component
	May         map[actor.Permission]bool // permissions of the person in the community, of those that Rail and the palette need; nil: all
}

// Allows reports whether the person has a permission that Rail or the palette needs.
func (p Page) Allows(need actor.Permission) bool { return p.May == nil || p.May[need] }

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

// Person is the person of the session.
type Person struct{ Name, Email string }

// Alert is an error on the page of its form. The zero Alert is none.
type Alert struct {
	Message   string
	Points    []string // one sentence for each wrong thing
	RequestID string
}

// T translates a sentence: english is a constant, with verbs of fmt for args.
func (p Page) T(english string, args ...any) string { return p.Reader.T(english, args...) }

// In is the address of a page of the community.
func (p Page) In(path string) string { return "/c/" + p.Community.ID + path }

// URL marks an address of our own as safe.
func URL(address string) templ.SafeURL { return templ.SafeURL(address) }

// Icon is a decorative icon, hidden from screen readers.
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

// IconSymbols defines icons once, for the rows of a long table with SharedIcon.
func IconSymbols(names ...string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var symbols strings.Builder
		for _, name := range names {
			symbols.WriteString(`<symbol id="icon-` + name + `" viewBox="0 0 24 24">` + web.Icon(name) + `</symbol>`)
		}
		_, err := io.WriteString(w, `<svg hidden>`+symbols.String()+`</svg>`)
		return err
	})
}

// SharedIcon is an icon that IconSymbols defines in the same page.
func SharedIcon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="icon" aria-hidden="true"><use href="#icon-`+name+`"/></svg>`)
		return err
	})
}

// SearchAttributes are the attributes of a form that searches on input and
// replaces target.
func SearchAttributes(address, target, trigger string) templ.Attributes {
	return templ.Attributes{
		"hx-get": address, "hx-target": target, "hx-select": target, "hx-swap": "outerHTML", "hx-trigger": trigger, "hx-sync": "this:replace",
	}
}

// SwapAttributes are the attributes of a link that replaces the results only.
func SwapAttributes(address string) templ.Attributes {
	return templ.Attributes{
		"href": address, "hx-get": address, "hx-target": "#results", "hx-select": "#results",
		"hx-swap": "outerHTML", "hx-push-url": "true",
	}
}

// Page returns the page of a request. Title and help are constant sentences, or
// translated ones.
func (c *Console) Page(v *Request, title, nav, help string) (Page, error) {
	p := Page{Title: v.T(title), Nav: nav, Help: v.T(help), Reader: c.Reader(v), Address: Origin(v.Request), Toast: consumeToast(v), Permissions: c.permissions}
	for _, a := range c.areas {
		p.AccountTabs = append(p.AccountTabs, a.AccountNav...)
	}
	slices.SortStableFunc(p.AccountTabs, byOrder)
	if v.Actor.Kind != actor.Session {
		return p, nil
	}
	person, err := c.person(v)
	if err != nil {
		return p, err
	}
	p.Person = person
	if v.Actor.RequireInstallationOwner() == nil {
		for _, a := range c.areas {
			p.OperatorNav = append(p.OperatorNav, a.OperatorNav...)
		}
	}
	p.Community = Community{ID: v.Community.ID, Name: v.Community.Name, Accent: v.Community.Settings.Accent}
	if v.Community.ID != "" {
		if err := c.addRail(v, &p); err != nil {
			return p, err
		}
	}
	if p.Notices, err = c.notices(v, p); err != nil {
		return p, err
	}
	p.Others, err = c.CommunitiesOf(v.Context(), v.Actor)
	return p, err
}

// framed returns the page of a failed request in the frame of its community or of
// the installation. ok is false outside of them, for callers who may not see them,
// and if the frame fails too.
func (c *Console) framed(v *Request, title string) (p Page, ok bool) {
	parts := strings.Split(v.URL.Path, "/")
	if len(parts) < 3 || v.Actor.Kind != actor.Session {
		return p, false
	}
	switch parts[1] {
	case "c":
		if err := c.access.Can(v.Context(), v.Actor, parts[2], permission.AnyMember); err != nil {
			return p, false
		}
		var err error
		if v.Community, err = c.communities.Get(v.Context(), parts[2]); err != nil {
			return p, false
		}
	case "-":
		if v.Actor.RequireInstallationOwner() != nil {
			return p, false
		}
	default:
		return p, false
	}
	p, err := c.Page(v, title, c.nearest(v), "")
	return p, err == nil
}

// addRail adds the pages of the community, and the permissions that decide which
// of them the person may see.
func (c *Console) addRail(v *Request, p *Page) (err error) {
	var pages []NavItem
	for _, a := range c.areas {
		pages = append(pages, a.Nav...)
	}
	noun := nounOf(pages, p.Nav)
	p.Rail, err = c.navOf(v, func(a Area) bool {
		return slices.ContainsFunc(a.Nav, func(item NavItem) bool { return item.Noun == noun })
	})
	if err != nil {
		return err
	}
	p.May, err = c.access.Allowed(v.Context(), v.Actor, v.Community.ID, append(needed(p.Rail), searchPermission)...)
	return err
}

// person is the person of the session: the account, or the membership in the
// session of an unclaimed member.
func (c *Console) person(v *Request) (Person, error) {
	if v.Actor.AccountID == "" {
		who, err := c.members.Self(v.Context(), v.Actor, v.Actor.OnlyCommunity)
		return Person{who.Username, who.Email}, err
	}
	account, err := c.accounts.Account(v.Context(), v.Actor.AccountID)
	return Person{account.Username, account.Email}, err
}

// Reader returns the formats of the person.
func (c *Console) Reader(v *Request) Reader {
	words := PrinterOf(v.Context())
	return Reader{Language: numbers(v.Header.Get("Accept-Language"), words, v.Actor.Language != ""), Words: words, Zone: v.Community.Zone(), Now: c.clock.Now()}
}

// CommunitiesOf are the communities a person may enter.
func (c *Console) CommunitiesOf(ctx context.Context, actor actor.Actor) ([]Community, error) {
	if actor.InstallationOwner {
		all, err := c.communities.List(ctx)
		shown := make([]Community, 0, len(all))
		for _, one := range all {
			shown = append(shown, Community{ID: one.ID, Name: one.Name, Accent: one.Settings.Accent})
		}
		return shown, err
	}
	ids, err := c.access.CommunitiesOf(ctx, actor)
	if err != nil {
		return nil, err
	}
	var shown []Community
	for _, id := range ids {
		one, err := c.communities.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		shown = append(shown, Community{ID: one.ID, Name: one.Name, Accent: one.Settings.Accent})
	}
	return shown, nil
}

// notices are those of all areas for a page of a community.
func (c *Console) notices(v *Request, p Page) (list []templ.Component, err error) {
	if v.Community.ID == "" {
		return nil, nil
	}
	if notice := unsentNotice(v, p); notice != nil {
		list = append(list, notice)
	}
	for _, a := range c.areas {
		if a.Notice == nil {
			continue
		}
		notice, err := a.Notice(v, p)
		if err != nil {
			return nil, err
		}
		if notice != nil {
			list = append(list, notice)
		}
	}
	return list, nil
}

// unsentCookie marks a browser that sent a form after the end of its session. The
// form was not accepted.
const unsentCookie = "regulars_unsent"

const unsentSeconds = 600

func setUnsent(v *Request, value string, seconds int) {
	http.SetCookie(v.W, &http.Cookie{Name: unsentCookie, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)})
}

// unsentNotice returns the notice after a form that was not accepted, once; nil:
// there was none.
func unsentNotice(v *Request, p Page) templ.Component {
	if _, err := v.Cookie(unsentCookie); err != nil {
		return nil
	}
	setUnsent(v, "", -1)
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return AlertBox(Alert{Message: p.T("Your session had ended, so your last action was not carried out. Do it again.")}).Render(ctx, w)
	})
}

// ListLimit is the number of entries on a page of a list without page numbers.
const ListLimit = 50
