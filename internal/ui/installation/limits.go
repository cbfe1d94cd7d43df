package installation

import (
	"net/http"

	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showLimits(v *ui.Request) error {
	p, err := h.Page(v, "Limits", limitsPath, "The limits in force, and the settings that change them.")
	if err != nil {
		return err
	}
	view := LimitsView{Page: p}
	for _, g := range limitGroups {
		rows := h.settingRows(p.Reader, func(s Setting) bool { return s.Group == g.Value && s.Number })
		view.Groups = append(view.Groups, LimitGroup{ID: "limits-" + g.Value, Title: p.T(g.Label), Rows: rows})
	}
	return ui.Render(v, http.StatusOK, LimitsPage(view))
}
