package ui

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/actor"
)

// PaletteGroup is a part of what the palette found.
type PaletteGroup struct {
	Name  string
	Items []PaletteItem
}

// PaletteItem is one place to go to.
type PaletteItem struct {
	Icon, Label, Hint, Link string
	words                   string // that find it and are not shown
}

func paletteID(n *int) string {
	*n++
	return "found-" + strconv.Itoa(*n)
}

// searches reports whether the person may use the palette.
func (p Page) searches() bool { return p.Allows(searchPermission) }

// Action is an action of the palette: a link to the page that starts it.
type Action struct {
	Icon, Label, Path string // Label is a key of a sentence; Path is below the community
	Need              actor.Permission
}

// Search finds objects of one kind for callers with the permission Need. The zero
// Search finds none.
type Search struct {
	Need actor.Permission
	Find func(v *Request, text string) (PaletteGroup, error)
}

// FoundLimit is the number of objects of a kind that the palette shows.
const FoundLimit = 6

// showPalette answers the text in it with objects, pages and actions that the
// person may see.
func (c *Console) showPalette(v *Request) error {
	text := strings.TrimSpace(v.URL.Query().Get("q"))
	p := Page{Reader: c.Reader(v), Community: Community{ID: v.Community.ID}}
	var err error
	if p.Rail, err = c.navOf(v, func(Area) bool { return true }); err != nil {
		return err
	}
	needs := needed(p.Rail)
	for _, a := range c.areas {
		needs = append(needs, a.Search.Need)
		for _, one := range a.Actions {
			needs = append(needs, one.Need)
		}
	}
	if p.May, err = c.access.Allowed(v.Context(), v.Actor, v.Community.ID, needs...); err != nil {
		return err
	}
	groups, err := c.findObjects(v, p, text)
	if err != nil {
		return err
	}
	groups = addGroup(groups, v.T("Pages"), matching(p.palettePages(), text))
	groups = addGroup(groups, v.T("Actions"), matching(c.paletteActions(p), text))
	groups = addGroup(groups, v.T("Your account"), matching(c.paletteAccount(v, p), text))
	groups = addGroup(groups, v.T("Installation"), matching(c.paletteInstallation(v, p), text))
	if groups, err = c.findOutside(v, groups, text); err != nil {
		return err
	}
	return Render(v, http.StatusOK, PaletteItems(groups))
}

// showPaletteOutside answers the text in a palette outside of communities: with the
// communities, the pages of the account and of the installation, and the
// documentation, which is public.
func (c *Console) showPaletteOutside(v *Request) error {
	text := strings.TrimSpace(v.URL.Query().Get("q"))
	p := Page{Reader: c.Reader(v)}
	var groups []PaletteGroup
	if v.Actor.Kind == actor.Session {
		communities, err := c.CommunitiesOf(v.Context(), v.Actor)
		if err != nil {
			return err
		}
		items := []PaletteItem{}
		for _, one := range communities {
			items = append(items, PaletteItem{Icon: "store", Label: one.Name, Link: "/c/" + one.ID + "/"})
		}
		found := matching(items, text)
		groups = addGroup(groups, v.T("Your communities"), found[:min(len(found), FoundLimit)])
		groups = addGroup(groups, v.T("Your account"), matching(c.paletteAccount(v, p), text))
		groups = addGroup(groups, v.T("Installation"), matching(c.paletteInstallation(v, p), text))
	}
	groups = addGroup(groups, v.T("Pages"), matching([]PaletteItem{{Icon: "info", Label: v.T("Documentation"), Link: "/docs"}}, text))
	groups, err := c.findOutside(v, groups, text)
	if err != nil {
		return err
	}
	return Render(v, http.StatusOK, PaletteItems(groups))
}

// findOutside adds objects outside of communities.
func (c *Console) findOutside(v *Request, groups []PaletteGroup, text string) ([]PaletteGroup, error) {
	if text == "" {
		return groups, nil
	}
	for _, a := range c.areas {
		if a.SearchOutside == nil {
			continue
		}
		found, err := a.SearchOutside(v, text)
		if err != nil {
			return nil, err
		}
		groups = addGroup(groups, found.Name, found.Items)
	}
	return groups, nil
}

// findObjects finds objects of all areas.
func (c *Console) findObjects(v *Request, p Page, text string) (groups []PaletteGroup, err error) {
	if text == "" {
		return nil, nil
	}
	for _, a := range c.areas {
		if a.Search.Find == nil || !p.Allows(a.Search.Need) {
			continue
		}
		found, err := a.Search.Find(v, text)
		if err != nil {
			return nil, err
		}
		groups = addGroup(groups, found.Name, found.Items)
	}
	return groups, nil
}

// palettePages are the pages of both levels. A page of a second level has its
// noun as the hint.
func (p Page) palettePages() (items []PaletteItem) {
	for _, s := range p.sections() {
		for _, page := range s.pages {
			item := PaletteItem{Icon: page.Icon, Label: p.label(page), Link: p.address(page)}
			if len(s.pages) > 1 {
				item.Hint = s.label
			}
			items = append(items, item)
		}
	}
	return items
}

// paletteActions are the actions of all areas.
func (c *Console) paletteActions(p Page) (items []PaletteItem) {
	for _, a := range c.areas {
		for _, one := range a.Actions {
			if p.Allows(one.Need) {
				items = append(items, PaletteItem{Icon: one.Icon, Label: p.T(one.Label), Link: p.In(one.Path)})
			}
		}
	}
	return append(items,
		PaletteItem{Icon: "store", Label: p.T("Switch community"), Link: "/?all=1"},
		PaletteItem{Icon: "info", Label: p.T("Documentation"), Link: "/docs"})
}

// paletteAccount are the pages of the person's account. A session that another
// system started cannot open them.
func (c *Console) paletteAccount(v *Request, p Page) (items []PaletteItem) {
	if v.Actor.OnlyCommunity != "" {
		return nil
	}
	for _, a := range c.areas {
		for _, page := range a.AccountNav {
			items = append(items, PaletteItem{Icon: "user-round", Label: p.label(page), Hint: p.T("Your account"), Link: page.Path})
		}
	}
	return items
}

// paletteInstallation are the pages of the installation for its owner.
func (c *Console) paletteInstallation(v *Request, p Page) (items []PaletteItem) {
	if v.Actor.RequireInstallationOwner() != nil {
		return nil
	}
	for _, a := range c.areas {
		for _, page := range a.OperatorNav {
			items = append(items, PaletteItem{Icon: page.Icon, Label: p.label(page), Link: page.Path, words: p.T(page.Words)})
		}
	}
	return items
}

func addGroup(groups []PaletteGroup, name string, items []PaletteItem) []PaletteGroup {
	if len(items) == 0 {
		return groups
	}
	return append(groups, PaletteGroup{name, items})
}

// matching are the items with a word of the label, or of the hint, for each word
// of text, by prefix.
func matching(items []PaletteItem, text string) []PaletteItem {
	var kept []PaletteItem
	for _, item := range items {
		if Matches(item.Label+" "+item.Hint+" "+item.words, text) {
			kept = append(kept, item)
		}
	}
	return kept
}

// Matches reports whether each word of text is the beginning of a word of label.
func Matches(label, text string) bool {
	label = strings.ToLower(label)
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if !strings.HasPrefix(label, word) && !strings.Contains(label, " "+word) {
			return false
		}
	}
	return true
}
