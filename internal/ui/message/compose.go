package message

import (
	"context"
	"io"
	"net/http"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/ui"
)

// draft is the form of a message as it was sent.
type draft struct {
	post.Input
	reply  string // id of the message that it answers; "": none
	title  string // of a topic
	tags   string // of a topic, with commas
	stored []image.Image
}

// maxValue bounds a value of the form, in bytes: the longest text, and some more for
// a good message about one that is too long.
const maxValue = 8 * message.MaxText

// send posts the message of the form.
func (h *handlers) send(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	d, err := h.readDraft(v)
	if err != nil {
		return err
	}
	d.TopicID = at.topicID()
	sent, err := h.post(v, at, d)
	if err == nil && byScript(v) {
		return h.sendPart(v, at, sent.ID)
	}
	if err == nil {
		return v.Redirect(at.path+"#newest", "")
	}
	if byScript(v) {
		return err
	}
	form := Form{Text: d.Text, Nonce: d.Nonce, TopicID: at.topicID()}
	if failed := h.answer(v, &form, d.reply); failed != nil {
		return failed
	}
	return h.render(v, at, form, err)
}

// readDraft reads the form and stores its images.
func (h *handlers) readDraft(v *ui.Request) (d draft, err error) {
	form, err := httpx.OpenForm(v.Request, message.MaxImages*media.MaxBytes, errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", media.MaxBytes>>20))
	if err != nil {
		return d, err
	}
	for {
		part, err := form.Next()
		if err == io.EOF { //nolint:errorlint // returned as it is
			return d, nil
		}
		if err != nil {
			return d, err
		}
		if part.FormName() == "images" {
			if part.FileName() == "" {
				continue // nothing was chosen
			}
			err = h.storeImage(v, &d, part.FileName(), part)
		} else {
			err = d.set(part.FormName(), part)
		}
		if err != nil {
			h.discard(v, d)
			return d, err
		}
	}
}

// set sets a value of the form.
func (d *draft) set(name string, from io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(from, maxValue))
	if err != nil {
		return httpx.FormError(err)
	}
	switch given := string(content); name {
	case "message":
		d.Text = given
	case "nonce":
		d.Nonce = given
	case "reply":
		d.reply = given
	case "title":
		d.title = given
	case "tags":
		d.tags = given
	case "attachment":
		d.Attachments = append(d.Attachments, given)
	}
	return nil
}

func (h *handlers) storeImage(v *ui.Request, d *draft, name string, file io.Reader) error {
	if len(d.stored)+len(d.Attachments) >= message.MaxImages {
		return errs.New(errs.Invalid, "too_many", "A message has at most %d images.", message.MaxImages)
	}
	if err := h.LimitPictures(v); err != nil {
		return err
	}
	one, err := h.Posts.StoreImage(v.Context(), v.Actor, v.Community.ID, name, file)
	if err == nil {
		d.stored = append(d.stored, one)
	}
	return err
}

// discard deletes the images of a form that failed.
func (h *handlers) discard(v *ui.Request, d draft) {
	_ = h.Posts.DiscardImages(context.WithoutCancel(v.Context()), v.Actor, v.Community.ID, d.stored) // a sweep deletes them otherwise
}

// post posts a draft with its images.
func (h *handlers) post(v *ui.Request, at location, d draft) (message.View, error) {
	if err := h.attach(v, at, &d); err != nil {
		return message.View{}, err
	}
	if d.reply != "" {
		return h.Posts.Reply(v.Context(), v.Actor, v.Community.ID, d.reply, d.Input)
	}
	return h.Posts.Send(v.Context(), v.Actor, v.Community.ID, at.id, d.Input)
}

// attach adds the stored images of a draft to it.
func (h *handlers) attach(v *ui.Request, at location, d *draft) error {
	if len(d.stored) == 0 {
		return nil
	}
	added, err := h.Posts.AddImages(v.Context(), v.Actor, v.Community.ID, at.id, d.stored)
	if err != nil {
		h.discard(v, *d)
		return err
	}
	for _, one := range added {
		d.Attachments = append(d.Attachments, one.ID)
	}
	return nil
}

// sendPart answers a script with the message that was posted.
func (h *handlers) sendPart(v *ui.Request, at location, messageID string) error {
	page := ui.Page{Reader: h.Reader(v), Community: ui.Community{ID: v.Community.ID}}
	part, err := h.partOf(v, page, at, []string{messageID})
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, PartOf(part))
}

// upload stores an image and answers with its form value and its picture.
func (h *handlers) upload(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	d, err := h.readDraft(v)
	if err != nil {
		return err
	}
	if len(d.stored) == 0 {
		return errs.New(errs.Invalid, "missing_file", "Choose a picture of at most 10 MiB.")
	}
	added, err := h.Posts.AddImages(v.Context(), v.Actor, v.Community.ID, at.id, d.stored)
	if err != nil {
		h.discard(v, d)
		return err
	}
	return ui.Render(v, http.StatusCreated, templ.Join(uploads(v, added)...))
}

func uploads(v *ui.Request, list []image.Attachment) (shown []templ.Component) {
	for _, one := range list {
		shown = append(shown, Upload(ui.PrinterOf(v.Context()), one))
	}
	return shown
}
