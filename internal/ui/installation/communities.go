package installation

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/installation"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showCommunities(v *ui.Request) error {
	q := listQuery(v, ui.ListLimit)
	list, next, err := h.Installation.Communities(v.Context(), v.Actor, q)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Communities", communitiesPath, "All communities on this server, the newest first.")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, CommunitiesPage(CommunitiesView{Page: p, Search: q.Search, Communities: list, Older: older(communitiesPath, q.Search, next)}))
}

func (h *handlers) restoreCommunity(v *ui.Request) error {
	if _, err := h.Ownership.RestoreCommunity(v.Context(), v.Actor, v.PathValue("community"), h.Communities.ErasureCutoff()); err != nil {
		return err
	}
	return v.Redirect(communitiesPath, i18n.Key("Community restored"))
}

const maxSearch = 200 // bytes

// listQuery returns the query in the address of a list.
func listQuery(v *ui.Request, limit int) installation.Query {
	values := v.URL.Query()
	search := strings.TrimSpace(values.Get("q"))
	if len(search) > maxSearch {
		search = search[:maxSearch]
	}
	return installation.Query{Search: strings.ReplaceAll(strings.ToValidUTF8(search, ""), "\x00", ""), Cursor: strings.ToValidUTF8(strings.ReplaceAll(values.Get("cursor"), "\x00", ""), ""), Limit: limit}
}

// older returns the address of the next page of a list, "" at the end.
func older(path, search, cursor string) string {
	if cursor == "" {
		return ""
	}
	values := url.Values{"cursor": {cursor}}
	if search != "" {
		values.Set("q", search)
	}
	return path + "?" + values.Encode()
}
