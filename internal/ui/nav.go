package ui

import (
	"cmp"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/i18n"
)

// Noun is an entry of the rail. The pages below it are its second level.
type Noun string

// The nouns of a community.
const (
	Overview     Noun = "overview"
	Members      Noun = "members"
	Chat         Noun = "chat"
	Rewards      Noun = "rewards"
	Shop         Noun = "shop"
	Analysis     Noun = "analysis"
	Integrations Noun = "integrations"
	Settings     Noun = "settings"
)

// nouns are the nouns in the order of the rail.
var nouns = []struct {
	noun        Noun
	label, icon string // label is a key of a sentence
}{
	{Overview, i18n.Key("Overview"), "layout-dashboard"},
	{Members, i18n.Key("Members"), "users"},
	{Chat, i18n.Key("Chat"), "message-square"},
	{Rewards, i18n.Key("Rewards"), "award"},
	{Shop, i18n.Key("Shop"), "store"},
	{Analysis, i18n.Key("Analysis"), "chart-line"},
	{Integrations, i18n.Key("Integrations"), "plug"},
	{Settings, i18n.Key("Settings"), "settings"},
}

// NavItem is a link to a page.
type NavItem struct {
	Key, Label, Icon, Path string // Label is a key of a sentence
	Name                   string // that people chose, in place of Label
	Words                  string // key of more words that the palette finds the page by; "": none
	Outside                bool   // Path is not below the community
	Order                  int    // in the second level or the tabs of an account: lower ones first

	// Of a page of a community:
	Noun Noun
	Need actor.Permission // of the page
}

func byOrder(a, b NavItem) int { return cmp.Compare(a.Order, b.Order) }

// section is a noun with the pages that the person may see.
type section struct {
	label, icon string
	pages       []NavItem // at least one
	current     bool
}

// sections are the nouns of the rail.
func (p Page) sections() (list []section) {
	for _, n := range nouns {
		s := section{label: p.T(n.label), icon: n.icon, current: n.noun == nounOf(p.Rail, p.Nav)}
		for _, item := range p.Rail {
			if item.Noun == n.noun && p.Allows(item.Need) {
				s.pages = append(s.pages, item)
			}
		}
		if len(s.pages) > 0 {
			slices.SortStableFunc(s.pages, byOrder)
			list = append(list, s)
		}
	}
	return list
}

// second is the section of the page if it has a second level, of two pages or
// more.
func (p Page) second() (current section, ok bool) {
	for _, s := range p.sections() {
		if s.current {
			return s, len(s.pages) > 1
		}
	}
	return section{}, false
}

// nounOf is the noun of the page with a key; "": none.
func nounOf(items []NavItem, key string) Noun {
	for _, item := range items {
		if item.Key == key && key != "" {
			return item.Noun
		}
	}
	return ""
}

// label is the text of a link.
func (p Page) label(item NavItem) string {
	if item.Name != "" {
		return item.Name
	}
	return p.T(item.Label)
}

// address is the address of a page of the rail.
func (p Page) address(item NavItem) string {
	if item.Outside {
		return item.Path
	}
	return p.In(item.Path)
}

// navOf are the pages of a community, with those of MoreNav of the areas that are
// wanted.
func (c *Console) navOf(v *Request, wanted func(Area) bool) (items []NavItem, err error) {
	for _, a := range c.areas {
		items = append(items, a.Nav...)
		if a.MoreNav == nil || !wanted(a) {
			continue
		}
		more, err := a.MoreNav(v)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

// needed are the permissions of the pages of a community.
func needed(items []NavItem) (needs []actor.Permission) {
	for _, item := range items {
		needs = append(needs, item.Need)
	}
	return needs
}

// nearest returns the key of the page that the address belongs to, the one with the
// longest path; "": none.
func (c *Console) nearest(v *Request) (key string) {
	longest := 0
	for _, a := range c.areas {
		pages, path := a.OperatorNav, v.URL.Path
		if v.Community.ID != "" {
			pages, path = a.Nav, strings.TrimPrefix(path, v.In(""))
		}
		for _, page := range pages {
			if len(page.Path) > longest && (path == page.Path || strings.HasPrefix(path, page.Path+"/")) {
				key, longest = page.Key, len(page.Path)
			}
		}
	}
	return key
}
