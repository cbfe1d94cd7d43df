package bulk

import (
	"bytes"
	"encoding/csv"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/httpx"
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
		Description: "The failed rows with their original columns, delimiter and encoding, plus `_line`, `_error_column`, `_error_code` and `_error_message`. The file can be corrected and uploaded again. " + fileFailures,
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
	attach(w, "members-template.csv")
	_, _ = w.Write(line.Bytes()) // the client disconnected
}

// attach sets the headers of a CSV file.
func attach(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv")
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
	out := &startedWriter{Writer: httpx.NewStallWriter(w, downloadStall), start: func() { attach(w, bulk.FailedName(status)) }}
	err = h.Bulk.WriteFailed(ctx, actor.FromContext(ctx), api.CommunityID(ctx), jobID, out)
	switch {
	case err != nil && out.begun:
		h.Log.WarnContext(ctx, "download of failed rows cut off", "request_id", httpx.RequestID(ctx), "error", err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // a partial file must not look complete
	case err != nil:
		httpx.WriteError(w, r, err)
	case !out.begun:
		out.start()
		w.WriteHeader(http.StatusOK)
	}
}

// startedWriter calls start before the first byte.
type startedWriter struct {
	io.Writer
	start func()
	begun bool
}

func (s *startedWriter) Write(p []byte) (int, error) {
	if !s.begun {
		s.begun = true
		s.start()
	}
	return s.Writer.Write(p)
}
