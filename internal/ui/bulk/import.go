package bulk

import (
	"encoding/csv"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) importPage(v *ui.Request) (ui.Page, error) {
	return h.Page(v, "Import members", "import", "From a CSV or Excel file, in four steps.")
}

func (h *handlers) template(v *ui.Request) error {
	headers, err := h.Bulk.Template(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	download(v.W, "members-template.csv", bulk.CSV)
	out := csv.NewWriter(v.W)
	out.UseCRLF = true
	_ = out.Write(headers) // buffered until Flush
	out.Flush()
	return ui.IgnoreDisconnect(out.Error())
}
