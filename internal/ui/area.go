package ui

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
)

// Area describes the pages of one area of the console.
type Area struct {
	Routes      []Route
	Nav         []NavItem // pages of a community
	AccountNav  []NavItem // tabs of the pages of an account
	OperatorNav []NavItem // pages of the installation
	Actions     []Action  // of the palette
	Audit       AuditTexts
	Permissions PermissionTexts

	// MoreNav returns pages of a community that depend on the request, to follow
	// those of Nav; nil: none.
	MoreNav func(v *Request) ([]NavItem, error)
	// Search finds objects for the palette.
	Search Search
	// SearchOutside finds objects outside of communities for the palette of every
	// page; nil: none.
	SearchOutside func(v *Request, text string) (PaletteGroup, error)
	// Notice returns a notice for every page of a community; nil, or a nil
	// component: none.
	Notice func(v *Request, p Page) (templ.Component, error)
}

// AuditTexts are the sentences of an area in the audit log. Labels are keys of
// sentences.
type AuditTexts struct {
	Nouns   []Choice            // that entries can be filtered by
	Actions []Choice            // sentences with %s for the target, by action
	Fields  []Choice            // names of changed properties
	Values  map[string][]Choice // names of values, by property
}

// AuditTexts returns the audit texts of all areas.
func (c *Console) AuditTexts() AuditTexts {
	all := AuditTexts{Values: map[string][]Choice{}}
	for _, p := range c.permissions.CommunityKey {
		all.Values["permissions"] = append(all.Values["permissions"], Choice{p.Value, p.Label})
	}
	for _, p := range slices.Concat(c.permissions.Server, c.permissions.Channel) {
		all.Fields = append(all.Fields, Choice{p.Value, p.Label})
	}
	for _, a := range c.areas {
		all.Nouns = append(all.Nouns, a.Audit.Nouns...)
		all.Actions = append(all.Actions, a.Audit.Actions...)
		all.Fields = append(all.Fields, a.Audit.Fields...)
		for property, values := range a.Audit.Values {
			all.Values[property] = append(all.Values[property], values...)
		}
	}
	return all
}

// Handler answers a request with a page, or returns the error to show.
type Handler func(v *Request) error

// Route is an address of an area.
type Route struct {
	method, path string
	guard        Guard
	body         bodyKind
	handler      Handler
}

// audience is the set of callers that a page admits.
type audience int

const (
	anyone   audience = iota
	signedIn          // by a session
	oneself           // by an unlimited session of one's own
	operator          // the owner of the installation
	inside            // with a permission in the community of the address
)

// Guard is the protection of a route.
type Guard struct {
	audience audience
	need     actor.Permission
}

// Guards of pages outside communities.
var (
	Anyone   = Guard{audience: anyone}
	SignedIn = Guard{audience: signedIn} // others are sent to the sign-in
	Oneself  = Guard{audience: oneself}  // sessions of other systems are rejected
	Operator = Guard{audience: operator} // for others the page does not exist
)

// InCommunity is the guard of a page of a community that needs a permission; the
// paths of its routes are below the community.
func InCommunity(need actor.Permission) Guard { return Guard{audience: inside, need: need} }

// Get returns the route of a page.
func (g Guard) Get(path string, h Handler) Route {
	return Route{method: http.MethodGet, path: path, guard: g, handler: h}
}

// Post returns the route of a form without a file.
func (g Guard) Post(path string, h Handler) Route {
	return Route{method: http.MethodPost, path: path, guard: g, handler: h}
}

// PostFile returns the route of a form with a file. The handler limits the body.
func (g Guard) PostFile(path string, h Handler) Route {
	return Route{method: http.MethodPost, path: path, guard: g, body: formWithFile, handler: h}
}

// Permission is a permission of keys or roles. Label and Help are keys of
// sentences; Help may be "".
type Permission struct{ Value, Label, Help string }

// PermissionTexts are permissions by what can have them, in the order of pages.
type PermissionTexts struct {
	Key          []Permission // every key
	CommunityKey []Permission // the keys of a community; in the texts of an area: those that others cannot have
	Server       []Permission // roles, in the whole community
	Channel      []Permission // roles, in channels
}

// KeyLabel returns the label of a permission of keys, or an unknown value itself.
func (t PermissionTexts) KeyLabel(value string) string {
	for _, p := range t.CommunityKey {
		if p.Value == value {
			return p.Label
		}
	}
	return value
}

// MergePermissions returns the permissions of all areas.
func MergePermissions(areas []Area) (all PermissionTexts) {
	for _, a := range areas {
		all.Key = append(all.Key, a.Permissions.Key...)
		all.CommunityKey = append(append(all.CommunityKey, a.Permissions.Key...), a.Permissions.CommunityKey...)
		all.Server = append(all.Server, a.Permissions.Server...)
		all.Channel = append(all.Channel, a.Permissions.Channel...)
	}
	keys := make([]string, 0, len(permission.All()))
	for _, p := range permission.All() {
		keys = append(keys, string(p))
	}
	sortPermissions(all.Key, keys)
	sortPermissions(all.CommunityKey, keys)
	sortPermissions(all.Server, permission.ServerPermissions)
	sortPermissions(all.Channel, permission.ChannelPermissions)
	return all
}

func sortPermissions(list []Permission, order []string) {
	slices.SortFunc(list, func(a, b Permission) int {
		return cmp.Compare(slices.Index(order, a.Value), slices.Index(order, b.Value))
	})
}

// PermissionLabels returns the labels of the permissions in a set.
func PermissionLabels(all []Permission, has func(permission string) bool) (labels []string) {
	for _, g := range all {
		if has(g.Value) {
			labels = append(labels, g.Label)
		}
	}
	return labels
}
