package console

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/member"
)

const paletteMembers = 6

// palette answers what is typed into it: members, pages and actions.
func (c *console) palette(v *visit) error {
	text := strings.TrimSpace(v.URL.Query().Get("q"))
	var groups []PaletteGroup
	if text != "" {
		found, err := c.Members.List(v.Context(), v.community.ID, member.Filter{Search: text, Page: 1, Limit: paletteMembers})
		if err != nil {
			return err
		}
		var people []PaletteItem
		for _, m := range found.Members {
			people = append(people, PaletteItem{"user-round", nameOf(m), m.Email, v.in("/members/" + m.ID)})
		}
		groups = addGroup(groups, v.T("Members"), people)
	}
	var pages []PaletteItem
	for _, n := range nouns {
		pages = append(pages, PaletteItem{n.Icon, v.T(n.Label), "", v.in(n.Path)})
	}
	groups = addGroup(groups, v.T("Pages"), matching(pages, text))
	groups = addGroup(groups, v.T("Actions"), matching([]PaletteItem{
		{"upload", v.T("Import members"), "", v.in("/import")},
		{"download", v.T("Download the import template"), "", v.in("/import/template.csv")},
		{"plus", v.T("New field"), "", v.in("/fields/new")},
		{"plus", v.T("New API key"), "", v.in("/api-keys/new")},
		{"copy", v.T("Show the community id"), "", v.in("/settings/appearance")},
		{"store", v.T("Switch community"), "", "/?all=1"},
	}, text))
	return render(v, http.StatusOK, PaletteItems(groups))
}

func addGroup(groups []PaletteGroup, name string, items []PaletteItem) []PaletteGroup {
	if len(items) == 0 {
		return groups
	}
	return append(groups, PaletteGroup{name, items})
}

// matching are the items of whose label some word begins with each word typed.
func matching(items []PaletteItem, text string) []PaletteItem {
	var kept []PaletteItem
	for _, item := range items {
		if matches(strings.ToLower(item.Label), strings.Fields(strings.ToLower(text))) {
			kept = append(kept, item)
		}
	}
	return kept
}

func matches(label string, typed []string) bool {
	for _, word := range typed {
		if !strings.HasPrefix(label, word) && !strings.Contains(label, " "+word) {
			return false
		}
	}
	return true
}
