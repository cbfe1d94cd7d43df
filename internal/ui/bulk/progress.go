package bulk

import (
	"bytes"
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ui"
)

const progressEvery = 300 * time.Millisecond

// progress streams a job while it runs: the part of the page that shows it,
// whenever it has changed, and done at its end.
func (h *handlers) progress(v *ui.Request) error {
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	release, err := h.Streams.Open(v.Actor.Uploader())
	if err != nil {
		return err
	}
	defer release()
	stream, err := httpx.NewStream(v.W, v.Request)
	if err != nil {
		return ui.IgnoreDisconnect(err)
	}
	defer stream.Close()
	p := ui.Page{Community: ui.Community{ID: v.Community.ID}, Reader: h.Reader(v)}
	tick, check := time.NewTicker(progressEvery), h.Streams.CheckTicker()
	defer tick.Stop()
	defer check.Stop()
	for last := ""; ; {
		j := jobView(v, s)
		var html bytes.Buffer
		if err := jobCard(p, j, "").Render(v.Context(), &html); err != nil {
			return ui.IgnoreDisconnect(err)
		}
		if html.String() != last {
			last = html.String()
			if err := stream.Send("progress", map[string]string{"html": last, "title": j.Title(p.Reader) + " · " + v.Community.Name + " · Regulars"}); err != nil {
				return ui.IgnoreDisconnect(err)
			}
		}
		if !j.Live() {
			return ui.IgnoreDisconnect(stream.Send("done", struct{}{}))
		}
		if reason := h.awaitProgress(v, tick, check); reason != nil {
			if httpx.IsAccessLost(reason) {
				stream.Drop(reason)
			}
			return nil // the browser reconnects
		}
		if s, err = h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, j.ID); err != nil {
			return ui.IgnoreDisconnect(err)
		}
	}
}

// awaitProgress waits for the next poll. It returns an error if the permission,
// the request or the server has ended.
func (h *handlers) awaitProgress(v *ui.Request, tick, check *time.Ticker) error {
	for {
		select {
		case <-v.Context().Done():
			return context.Canceled
		case <-h.Stopping:
			return context.Canceled
		case <-check.C:
			if err := h.StillAllowed(v, permission.BulkUpdateUser); httpx.IsAccessLost(err) {
				return err
			}
		case <-tick.C:
			return nil
		}
	}
}
