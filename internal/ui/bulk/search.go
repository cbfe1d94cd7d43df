package bulk

import (
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

// search finds jobs by the name of their file, the newest first.
func (h *handlers) search(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Bulk jobs")}
	found, _, err := h.Bulk.List(v.Context(), v.Actor, v.Community.ID, bulk.ListFilter{Name: strings.ToLower(text), Limit: ui.FoundLimit})
	r := h.Reader(v)
	for _, s := range found {
		j := jobView(v, s)
		group.Items = append(group.Items, ui.PaletteItem{Icon: "scroll-text", Label: j.name(r), Hint: r.Sentences(v.T(j.Kind()), r.Ago(j.CreatedAt)), Link: v.In("/bulk-jobs/" + j.ID)})
	}
	return group, err
}
