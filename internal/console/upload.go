package console

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/text"
)

const (
	uploadChunk  = 256 << 10
	formOverhead = 1 << 20 // what a form may have besides its file
)

// upload takes the file of the wizard as it comes in and stages it. It answers
// with the address to go on at: as JSON to the page's script, else by going
// there.
func (c *console) upload(v *visit) error {
	d, err := c.stage(v)
	if err != nil {
		return c.refuse(v, err)
	}
	c.rememberDraft(v, d.ID)
	address := v.in("/import/" + d.ID)
	if v.Header.Get("Accept") == "application/json" {
		httpx.WriteJSON(v.w, http.StatusCreated, map[string]string{"location": address})
		return nil
	}
	return v.goTo(address, "")
}

// refuse shows what is wrong with a file where it was chosen.
func (c *console) refuse(v *visit, cause error) error {
	if v.Header.Get("Accept") == "application/json" {
		return cause
	}
	a, err := alert(v, cause)
	if err != nil {
		return err
	}
	p, err := c.importPage(v)
	if err != nil {
		return err
	}
	p.Alert = a
	return render(v, errs.KindOf(cause).Status(), ImportPage(ImportView{Page: p, Step: 1}))
}

// stage writes the file to the disk while it is judged, then lets bulk look
// into it. A file that is refused is deleted at once.
func (c *console) stage(v *visit) (d bulk.Draft, err error) {
	if v.ContentLength > c.UploadBytes+formOverhead {
		return d, c.tooLarge(v)
	}
	if err := c.Bulk.CheckStorage(v.Context(), v.community.ID, v.ContentLength-formOverhead); err != nil {
		return d, err
	}
	counted, err := c.Uploads.Begin(v.actor.Uploader(), httpx.Network(v.Request), v.ContentLength)
	if err != nil {
		return d, err
	}
	defer counted.End()
	part, err := c.filePart(v)
	if err != nil {
		return d, err
	}
	file, err := c.Files.Create()
	if err != nil {
		return d, err
	}
	defer func() {
		if err != nil {
			file.Abort()
		}
	}()
	var scan sheet.Scanner
	if err := c.keep(v, file, part, &scan, counted); err != nil {
		return d, err
	}
	if file.Size() == 0 {
		return d, errs.New(errs.Invalid, "empty_file", "The file is empty.")
	}
	if err := file.Commit(); err != nil {
		return d, err
	}
	d, err = c.Bulk.Stage(v.Context(), bulk.Start{
		CommunityID: v.community.ID, Type: bulk.Import, FileID: file.ID(), FileName: text.FileName(part.FileName(), "upload.csv"), Verdict: scan.Result(),
		Options: bulk.Options{Mode: bulk.Upsert}, Actor: v.actor,
	})
	if err != nil && bulk.Refused(err) {
		c.forgetFile(v, file.ID())
	}
	return d, err
}

// forgetFile deletes the file of a refused upload; what fails now, a sweep
// does.
func (c *console) forgetFile(v *visit, fileID string) {
	if err := c.Files.Delete(fileID); err != nil {
		c.Log.WarnContext(v.Context(), "refused upload not deleted", "request_id", httpx.RequestID(v.Context()), "error", err)
	}
}

// filePart is the part of the form that holds the file.
func (c *console) filePart(v *visit) (*multipart.Part, error) {
	v.Body = http.MaxBytesReader(v.w, v.Body, c.UploadBytes+formOverhead)
	form, err := v.MultipartReader()
	if err != nil {
		return nil, errs.New(errs.Invalid, "missing_file", "Choose a file first.").Because(err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errs.New(errs.Invalid, "missing_file", "Choose a file first.")
		}
		if err != nil {
			return nil, c.broken(v, err)
		}
		if part.FormName() == "data" && part.FileName() != "" {
			return part, nil
		}
	}
}

func (c *console) keep(v *visit, file *blob.Writer, from io.Reader, scan *sheet.Scanner, counted *httpx.Upload) error {
	chunk := make([]byte, uploadChunk)
	for {
		n, readErr := from.Read(chunk)
		if file.Size()+int64(n) > c.UploadBytes {
			return c.tooLarge(v)
		}
		if err := counted.Received(file.Size() + int64(n)); err != nil {
			return err
		}
		_, _ = scan.Write(chunk[:n]) // never fails
		if _, err := file.Write(chunk[:n]); err != nil {
			return err
		}
		if readErr == io.EOF {
			// With the body at its end, net/http notices when the client leaves.
			if _, err := io.Copy(io.Discard, v.Body); err != nil {
				return c.broken(v, err)
			}
			return nil
		}
		if readErr != nil {
			return c.broken(v, readErr)
		}
	}
}

func (c *console) tooLarge(v *visit) error {
	return errs.New(errs.TooLarge, "file_too_large", "The file is larger than the %s that are allowed here.", c.reader(v).Size(c.UploadBytes))
}

// broken says why a form could not be read.
func (c *console) broken(v *visit, err error) error {
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return c.tooLarge(v)
	}
	return errs.New(errs.Invalid, "upload_truncated", "The upload ended before the file was complete; send it again.").Because(err)
}
