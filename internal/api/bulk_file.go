package api

import (
	"bytes"
	"encoding/csv"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/httpx"
)

const downloadStall = 60 * time.Second

// importTemplate answers with the header line of a file to import.
func (a *API) importTemplate(w http.ResponseWriter, r *http.Request) {
	names, err := a.Bulk.Template(r.Context(), here(r.Context()))
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	var line bytes.Buffer
	table := csv.NewWriter(&line)
	_ = table.Write(names) // a buffer takes it
	table.Flush()
	attach(w, "members-template.csv")
	_, _ = w.Write(line.Bytes()) // the client may be gone
}

// attach makes what follows a file with that name.
func attach(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// failedRows streams the failed rows of a job. An error before the first byte
// is an answer like any other; later ones cut the download off.
func (a *API) failedRows(w http.ResponseWriter, r *http.Request) {
	ctx, jobID := r.Context(), r.PathValue("jobId")
	status, err := a.Bulk.Status(ctx, here(ctx), jobID)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	out := &startedWriter{Writer: httpx.NewStallWriter(w, downloadStall), start: func() { attach(w, bulk.FailedName(status)) }}
	err = a.Bulk.WriteFailed(ctx, here(ctx), jobID, out)
	switch {
	case err != nil && out.begun:
		a.Log.WarnContext(ctx, "download of failed rows cut off", "request_id", httpx.RequestID(ctx), "error", err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // half a file must not look whole
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
