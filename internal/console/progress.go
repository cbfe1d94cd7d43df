package console

import (
	"bytes"
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/httpx"
)

// progress streams a job while it runs: the part of the page that shows it,
// whenever it has changed, and done at its end.
func (c *console) progress(v *visit) error {
	s, err := c.Bulk.Status(v.Context(), v.community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	release, err := c.Streams.Open(v.actor.Uploader())
	if err != nil {
		return err
	}
	defer release()
	stream, err := httpx.NewStream(v.w, v.Request)
	if err != nil {
		return sent(err)
	}
	defer stream.Close()
	p := Page{Community: Community{ID: v.community.ID}, Reader: c.reader(v)}
	tick, check := time.NewTicker(progressEvery), c.Streams.CheckTicker()
	defer tick.Stop()
	defer check.Stop()
	for last := ""; ; {
		j := jobView(v, s)
		var html bytes.Buffer
		if err := jobCard(p, j, "").Render(v.Context(), &html); err != nil {
			return sent(err)
		}
		if html.String() != last {
			last = html.String()
			if err := stream.Send("progress", map[string]string{"html": last, "title": j.Title(p.Reader) + " · " + v.community.Name + " · Regulars"}); err != nil {
				return sent(err)
			}
		}
		if !j.Live() {
			return sent(stream.Send("done", struct{}{}))
		}
		if reason := c.awaitProgress(v, tick, check); reason != nil {
			if httpx.IsAccessLost(reason) {
				stream.Drop(reason)
			}
			return nil // the browser comes back by itself
		}
		if s, err = c.Bulk.Status(v.Context(), v.community.ID, j.ID); err != nil {
			return sent(err)
		}
	}
}

// awaitProgress waits for the next look at a job. It returns why the stream
// ends instead: the right to it, the request or the server has ended.
func (c *console) awaitProgress(v *visit, tick, check *time.Ticker) error {
	for {
		select {
		case <-v.Context().Done():
			return context.Canceled
		case <-c.Stopping:
			return context.Canceled
		case <-check.C:
			if err := c.mayStill(v, access.PermBulkUpdateUser); httpx.IsAccessLost(err) {
				return err
			}
		case <-tick.C:
			return nil
		}
	}
}
