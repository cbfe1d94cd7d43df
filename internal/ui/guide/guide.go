// Package guide has the public pages of the documentation.
package guide

import (
	"net/http"
	"slices"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/docs"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// group is a group of guides.
type group struct {
	title string // key of a sentence
	names []string
}

// groups are the guides in the order of the navigation.
var groups = []group{
	{i18n.Key("Guides"), []string{"api-guide", "bulk-import", "members", "membership", "messages", "realtime"}},
	{i18n.Key("Operation"), []string{"operations", "upgrading", "security", "performance"}},
	{i18n.Key("Reference"), []string{"events", "errors", "permissions", "schema", "sql"}},
	{i18n.Key("Project"), []string{changelog, decisions}},
}

// Names of pages that are not guides. The decisions are below the page of their
// list.
const (
	changelog = "changelog"
	decisions = "adr"

	referenceName = "api"
)

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	library   func() (*library, error)
	reference func() *reference
}

// New returns the area. document returns the document of the API. The guides and
// the reference are rendered at the first request.
func New(c *ui.Console, document func() *huma.OpenAPI) ui.Area {
	h := &handlers{Console: c, library: sync.OnceValues(load), reference: sync.OnceValue(func() *reference { return newReference(document()) })}
	files := http.StripPrefix("/docs/", http.FileServerFS(docs.Files))
	return ui.Area{SearchOutside: h.find, Nav: []ui.NavItem{
		{Key: "api-reference", Label: i18n.Key("API reference"), Icon: "terminal", Path: "/docs/api", Outside: true, Noun: ui.Integrations, Order: 90, Need: permission.APIKeys},
	}, Routes: []ui.Route{
		ui.Anyone.Get("/docs", h.search),
		ui.Anyone.Get("/docs/"+referenceName, h.showReference),
		ui.Anyone.Get("/docs/"+referenceName+"/{tag}", h.showTag),
		ui.Anyone.Get("/docs/{name}", func(v *ui.Request) error { return h.show(v, v.PathValue("name")) }),
		ui.Anyone.Get("/docs/"+decisions+"/{name}", func(v *ui.Request) error { return h.show(v, decisions+"/"+v.PathValue("name")) }),
		ui.Anyone.Get("/docs/screenshots/{name}", func(v *ui.Request) error {
			v.W.Header().Set("Cache-Control", "public, max-age=3600")
			files.ServeHTTP(v.W, v.Request)
			return nil
		}),
	}}
}

// find finds sections of the guides for the palette.
func (h *handlers) find(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Documentation")}
	l, err := h.library()
	if err != nil {
		return group, err
	}
	for _, r := range ui.FirstN(h.results(l, text), ui.FoundLimit) {
		group.Items = append(group.Items, ui.PaletteItem{Icon: "info", Label: r.Title, Hint: r.Guide, Link: r.URL})
	}
	return group, nil
}

// results returns the sections of guides and the operations of the API that contain
// all words of a query; sections with the words in their title are first.
func (h *handlers) results(l *library, query string) []Result {
	titled, others := l.search(query)
	return ui.FirstN(slices.Concat(titled, h.reference().search(query), others), mostResults)
}

func (h *handlers) view(v *ui.Request, l *library, title, name string) (View, error) {
	p, err := h.Page(v, title, "", "")
	return View{Page: p, Name: name, Groups: l.navigation(p.Reader, name), Query: v.FormValue("q")}, err
}

func (h *handlers) show(v *ui.Request, name string) error {
	l, err := h.library()
	if err != nil {
		return err
	}
	one, ok := l.guides[name]
	if !ok {
		return errs.Missing("page")
	}
	view, err := h.view(v, l, one.title, name)
	if err != nil {
		return err
	}
	view.Content = one.content
	return ui.Render(v, http.StatusOK, GuidePage(view))
}

// search shows the results of the query q, or an overview without one.
func (h *handlers) search(v *ui.Request) error {
	l, err := h.library()
	if err != nil {
		return err
	}
	view, err := h.view(v, l, i18n.Key("Documentation"), "")
	if err != nil {
		return err
	}
	if view.Query != "" {
		view.Results = h.results(l, view.Query)
	}
	return ui.Render(v, http.StatusOK, SearchPage(view))
}
