package bulk

import (
	"net/http"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/text"
	"github.com/regulars/regulars/internal/ui"
)

// upload streams the file of the wizard and stages it. It responds with the
// address of the next step: as JSON for the script, else as a redirect.
func (h *handlers) upload(v *ui.Request) error {
	d, err := h.stage(v)
	if err != nil {
		return h.refuse(v, err)
	}
	address := v.In("/import/" + d.ID)
	if v.Header.Get("Accept") == "application/json" {
		httpx.WriteJSON(v.W, http.StatusCreated, map[string]string{"location": address})
		return nil
	}
	return v.Redirect(address, "")
}

// refuse shows the error of a file beside its input.
func (h *handlers) refuse(v *ui.Request, cause error) error {
	if v.Header.Get("Accept") == "application/json" {
		return cause
	}
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	return h.renderFileStep(v, status, a)
}

// stage scans the file while it is written to the disk, and stages it. A rejected
// file is deleted at once.
func (h *handlers) stage(v *ui.Request) (d bulk.Draft, err error) {
	if v.ContentLength > h.UploadBytes+httpx.FormOverhead {
		return d, h.tooLarge(v)
	}
	if err := h.Bulk.CheckStorage(v.Context(), v.Actor, v.Community.ID, v.ContentLength-httpx.FormOverhead); err != nil {
		return d, err
	}
	counted, err := h.Uploads.Begin(v.Actor.Uploader(), httpx.Network(v.Request), v.ContentLength)
	if err != nil {
		return d, err
	}
	defer counted.End()
	form, part, err := ui.FilePart(v.Request, "data", h.UploadBytes, h.tooLarge(v), errs.New(errs.Invalid, "missing_file", "Choose a file first."))
	if err != nil {
		return d, err
	}
	file, err := h.Files.Create(v.Context())
	if err != nil {
		return d, err
	}
	defer func() {
		if err != nil {
			file.Abort()
		}
	}()
	scan, err := form.Save(part, file, counted)
	if err != nil {
		return d, err
	}
	if err := form.Drain(); err != nil {
		return d, err
	}
	if file.Size() == 0 {
		return d, errs.New(errs.Invalid, "empty_file", "The file is empty.")
	}
	if err := file.Commit(); err != nil {
		return d, err
	}
	d, err = h.Bulk.Stage(v.Context(), v.Actor, v.Community.ID, bulk.Start{
		Type: kindOf(v.URL.Query().Get("kind")), FileID: file.ID(), FileName: text.FileName(part.FileName(), "upload.csv"), FileScan: scan,
		Options: bulk.Options{Mode: bulk.Upsert}, JobID: formID(v),
	})
	if err != nil && bulk.Refused(err) {
		h.forgetFile(v, file.ID())
	}
	return d, err
}

// formID returns the id that the form of the upload has for its draft, so that a
// form that is sent twice is one draft; "" without a valid one.
func formID(v *ui.Request) string {
	if form := v.URL.Query().Get("form"); id.Valid(form) {
		return form
	}
	return ""
}

// forgetFile deletes the file of a refused upload; what fails now, a sweep
// does.
func (h *handlers) forgetFile(v *ui.Request, fileID string) {
	if err := h.Files.Delete(v.Context(), fileID); err != nil {
		h.Log.WarnContext(v.Context(), "refused upload not deleted", "request_id", httpx.RequestID(v.Context()), "error", err)
	}
}

func (h *handlers) tooLarge(v *ui.Request) *errs.Error {
	return errs.New(errs.TooLarge, "file_too_large", "The file is larger than the %s that are allowed here.", h.Reader(v).Size(h.UploadBytes))
}
