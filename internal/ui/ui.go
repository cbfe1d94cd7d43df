// Package ui is the frame of the console, the server-rendered pages of an
// owner's work with a community: requests and their protection, sessions, the
// shell of pages, forms, tables, languages, formats and errors. A package below
// has the pages of one area, which it describes by an Area.
package ui

import (
	"context"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/web"
)

//go:generate go tool -modfile=../../tools/go.mod templ generate -log-level error

// Services are the features that every page needs.
type Services struct {
	Access      *access.Access
	Accounts    *signin.Accounts
	Communities *community.Communities
	Members     *roster.Roster
	Clock       clock.Clock
	Visited     func(ctx context.Context, caller actor.Actor, communityID string) // called for each page of a community
	Pictures    *httpx.Limit                                                      // of uploads of pictures, by account or key; nil: none
	PicturesAt  string                                                            // origin of pictures other than the server; "": none
}

// Console builds the pages of all areas. The handlers of an area embed it.
type Console struct {
	access      *access.Access
	accounts    *signin.Accounts
	communities *community.Communities
	members     *roster.Roster
	clock       clock.Clock
	visited     func(ctx context.Context, caller actor.Actor, communityID string)
	pictures    *httpx.Limit
	areas       []Area
	permissions PermissionTexts
	pages       chi.Routes // of all areas
}

// New returns the handler of the pages of all areas and of their assets. Serve
// it inside httpx.Wrap. An unknown path is answered with an error page.
func New(s Services, areas func(c *Console) []Area) http.Handler {
	c := &Console{access: s.Access, accounts: s.Accounts, communities: s.Communities, members: s.Members, clock: s.Clock, visited: s.Visited, pictures: s.Pictures}
	c.areas = areas(c)
	c.permissions = MergePermissions(c.areas)
	return withPolicy(httpx.Compress(new(http.CrossOriginProtection).Handler(c.handler()), "text/html"), s.PicturesAt)
}

// communityPath is the path that the pages of a community are below.
const communityPath = "/c/{community}"

// handler serves the pages of all areas.
func (c *Console) handler() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.GetHead)
	c.pages = r
	unknown := c.open(c.unknown(r))
	r.NotFound(unknown)
	r.MethodNotAllowed(unknown)
	r.Method(http.MethodGet, web.Prefix+"*", web.Handler())
	r.Get("/accent/{file}", serveAccent)
	routes := []Route{InCommunity(searchPermission).Get("/palette", c.showPalette), Anyone.Get("/palette", c.showPaletteOutside)}
	for _, a := range c.areas {
		routes = append(routes, a.Routes...)
	}
	routes = append(routes, c.prefixRoutes(routes)...)
	inside := func(route Route) bool { return route.guard.audience == inside }
	r.Route(communityPath, func(r chi.Router) {
		for _, route := range routes {
			if inside(route) {
				r.Method(route.method, route.path, c.serve(route))
			}
		}
	})
	for _, route := range slices.DeleteFunc(routes, inside) {
		r.Method(route.method, route.path, c.serve(route))
	}
	return r
}

// serve returns the handler of one route: the body within its limit, the
// caller, the page.
func (c *Console) serve(route Route) http.Handler {
	return c.limited(route.body, c.admit(route.guard, route.handler))
}
