package bulk

import (
	"bytes"
	"encoding/csv"
	"mime"
	"net/http"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sheet"
)

func (h *handlers) fileRoutes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "GET", Path: "/v1/users/bulk-import/template", ID: "getImportTemplate", Summary: "Get the template of an import file",
		Permissions: bulkWork,
		Description: "The header line of an import file: the default fields, then the custom fields of the community.",
	}, describeTemplate, h.importTemplate)
	api.AddRaw(g, api.Route{
		Method: "GET", Path: "/v1/users/bulk-update/{jobId}/failed.csv", ID: "getFailedRows", Summary: "Download the failed rows of a bulk job",
		Permissions: bulkWork,
		Description: "The failed rows with their original columns, delimiter and encoding, plus `_line`, `_error_column`, `_error_code` and `_error_message`. The file can be corrected and uploaded again with the same options. `format=xlsx` returns the failed rows of a workbook as a workbook of text cells. 400: `unknown_format`, also for a workbook of the rows of a CSV file; `too_many_rows`, `cell_too_long`: they exceed a workbook. " + fileFailures,
	}, describeFailed, h.failedRows)
}

const downloadStall = 60 * time.Second

// importTemplate responds with the header line of an import file.
func (h *handlers) importTemplate(c *api.Call) {
	w, r := c.W, c.R
	names, err := h.Bulk.Template(r.Context(), actor.FromContext(r.Context()), api.CommunityID(r.Context()))
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	var line bytes.Buffer
	table := csv.NewWriter(&line)
	_ = table.Write(names) // a buffer never fails
	table.Flush()
	attach(w, "members-template.csv", bulk.CSV)
	_, _ = w.Write(line.Bytes()) // the client disconnected
}

// attach sets the headers of a file.
func attach(w http.ResponseWriter, name string, format bulk.Format) {
	w.Header().Set("Content-Type", format.ContentType())
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// failedRows streams the failed rows of a job. An error before the first byte is a
// normal response; a later one aborts the connection.
func (h *handlers) failedRows(c *api.Call) {
	w, r := c.W, c.R
	ctx, jobID := r.Context(), r.PathValue("jobId")
	status, err := h.Bulk.Status(ctx, actor.FromContext(ctx), api.CommunityID(ctx), jobID)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	format, err := sheet.ParseFormat(r.URL.Query().Get("format"))
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	out := &httpx.Download{Writer: httpx.NewStallWriter(w, downloadStall), Start: func() { attach(w, job.FailedName(status.FileName, format), format) }}
	err = h.Bulk.WriteFailed(ctx, actor.FromContext(ctx), api.CommunityID(ctx), jobID, format, bulk.ErrorFilter{}, out)
	switch {
	case err != nil && out.Begun():
		h.Log.WarnContext(ctx, "download of failed rows cut off", "request_id", httpx.RequestID(ctx), "error", err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // a partial file must not look complete
	case err != nil:
		httpx.WriteError(w, r, err)
	default:
		out.Begin()
	}
}
