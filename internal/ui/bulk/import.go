package bulk

import (
	"encoding/csv"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) importPage(v *ui.Request) (ui.Page, error) {
	return h.Page(v, "Import members", "import", "From a CSV or Excel file, in four steps.")
}

// kindOf returns what a file does; by default it imports members.
func kindOf(text string) bulk.Type {
	if kind := bulk.Type(text); kind == bulk.Update || kind == bulk.Premium {
		return kind
	}
	return bulk.Import
}

// premiumColumns are the columns of a file of premium currency.
var premiumColumns = []string{"email", "amount_op", "amount", "reason"}

// fileAddress is the address of the first step for members, or for premium currency.
func (v ImportView) fileAddress(premium bool) string {
	if premium {
		return v.In("/import?kind=" + string(bulk.Premium))
	}
	return v.In("/import")
}

// uploadAddress is the address that receives the file.
func (v ImportView) uploadAddress() string {
	address := v.In("/import/files?form=" + v.FormID)
	if v.Premium {
		address += "&kind=" + string(bulk.Premium)
	}
	return address
}

// templateAddress is the address of the header of a file.
func (v ImportView) templateAddress() string {
	if v.Premium {
		return v.In("/import/template.csv?kind=" + string(bulk.Premium))
	}
	return v.In("/import/template.csv")
}

func (h *handlers) template(v *ui.Request) error {
	headers, err := h.Bulk.Template(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	name := "members-template.csv"
	if kindOf(v.URL.Query().Get("kind")) == bulk.Premium {
		name, headers = "premium-template.csv", premiumColumns
	}
	download(v.W, name, bulk.CSV)
	out := csv.NewWriter(v.W)
	out.UseCRLF = true
	_ = out.Write(headers) // buffered until Flush
	out.Flush()
	return ui.IgnoreDisconnect(out.Error())
}
