package ui

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/regulars/regulars/internal/access/permission"
)

// Pattern is the method of a route and its address, with names in braces.
func (r Route) Pattern() (method, address string) {
	if r.guard.audience == inside {
		return r.method, strings.TrimSuffix(communityPath+r.path, "/")
	}
	return r.method, r.path
}

// prefixRoutes returns routes for the addresses without a page that pages are
// below. They redirect to the first of these pages that the person may open, or
// else to the nearest page above.
func (c *Console) prefixRoutes(routes []Route) (added []Route) {
	pages, done := map[string]bool{"/": true}, map[string]bool{}
	for _, route := range routes {
		if method, address := route.Pattern(); method == http.MethodGet {
			pages[address] = true
		}
	}
	for _, route := range routes {
		method, address := route.Pattern()
		if method != http.MethodGet {
			continue
		}
		for prefix := path.Dir(address); prefix != "/"; prefix = path.Dir(prefix) {
			if pages[prefix] || done[prefix] {
				continue
			}
			done[prefix] = true
			up := 1
			for above := path.Dir(prefix); !pages[above]; above = path.Dir(above) {
				up++
			}
			added = append(added, prefixRoute(route.guard, prefix, func(v *Request) error { return c.redirectPrefix(v, up) }))
		}
	}
	return added
}

// prefixRoute is the route of a prefix of pages with a guard.
func prefixRoute(guard Guard, prefix string, h Handler) Route {
	below, ok := strings.CutPrefix(prefix, communityPath)
	switch {
	case guard.audience == inside && ok:
		return InCommunity(permission.AnyMember).Get(cmp.Or(below, "/"), h) // "" without the area of the home page
	case guard.audience == inside:
		return SignedIn.Get(prefix, h)
	}
	return guard.Get(prefix, h)
}

// redirectPrefix redirects to the first page below the address, else to the page
// that is some segments above.
func (c *Console) redirectPrefix(v *Request, up int) error {
	target, err := c.firstBelow(v, v.URL.Path)
	if err != nil {
		return err
	}
	if target == "" {
		target = v.URL.Path
		for range up {
			target = path.Dir(target)
		}
	}
	http.Redirect(v.W, v.Request, (&url.URL{Path: target, RawQuery: v.URL.RawQuery}).String(), http.StatusFound)
	return nil
}

// firstBelow is the first page of the navigation below an address that the person
// may open; "": none.
func (c *Console) firstBelow(v *Request, address string) (string, error) {
	p := Page{Reader: c.Reader(v), Community: Community{ID: v.Community.ID}}
	var pages []string
	if v.Community.ID != "" {
		if err := c.addRail(v, &p); err != nil {
			return "", err
		}
		for _, s := range p.sections() {
			for _, page := range s.pages {
				pages = append(pages, p.address(page))
			}
		}
	}
	for _, a := range c.areas {
		for _, page := range a.AccountNav {
			pages = append(pages, page.Path)
		}
		if v.Actor.RequireInstallationOwner() != nil {
			continue
		}
		for _, page := range a.OperatorNav {
			pages = append(pages, page.Path)
		}
	}
	for _, page := range pages {
		if strings.HasPrefix(page, address+"/") {
			return page, nil
		}
	}
	return "", nil
}

// unknown answers an address without a page: one with a slash at its end
// redirects to the page without it.
func (c *Console) unknown(pages chi.Routes) Handler {
	return func(v *Request) error {
		address := strings.TrimRight(v.URL.Path, "/")
		read := v.Method == http.MethodGet || v.Method == http.MethodHead
		if !read || address == v.URL.Path || address == "" || !pages.Match(chi.NewRouteContext(), http.MethodGet, address) {
			return ErrPageNotFound()
		}
		http.Redirect(v.W, v.Request, (&url.URL{Path: path.Clean(address), RawQuery: v.URL.RawQuery}).String(), http.StatusMovedPermanently)
		return nil
	}
}
