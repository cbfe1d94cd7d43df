package bulk

import (
	"reflect"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

func (h *handlers) progressRoutes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "GET", Path: "/v1/users/bulk-update/{jobId}/progress", ID: "streamBulkJob", Summary: "Stream the progress of a bulk job",
		Permissions: bulkWork,
		Description: "Server-sent events: `progress` with the status object, at most four per second, and `done` as the last event. When access ends, the stream closes with `dropped` `{code, message}`. 429 `too_many_streams` for an account or key, 503 `streams_busy` for the server.",
	}, describeProgress, h.jobProgress)
}

const progressEvery = 250 * time.Millisecond

// jobProgress streams the status of a job until the job or the access to it has
// ended. It reads the tables, so any node can serve jobs of another node.
func (h *handlers) jobProgress(c *api.Call) {
	w, r := c.W, c.R
	ctx, jobID := r.Context(), r.PathValue("jobId")
	status, err := h.Bulk.Status(ctx, actor.FromContext(ctx), api.CommunityID(ctx), jobID)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	release, err := h.Streams.Open(actor.FromContext(ctx).Uploader())
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	defer release()
	stream, err := httpx.NewStream(w, r)
	if err != nil {
		return // the client disconnected
	}
	defer stream.Close()
	h.streamJob(c, stream, jobID, status)
}

func (h *handlers) streamJob(c *api.Call, stream *httpx.Stream, jobID string, status bulk.Status) {
	ctx := c.R.Context()
	tick, check := time.NewTicker(progressEvery), h.Streams.CheckTicker()
	defer tick.Stop()
	defer check.Stop()
	sent := stream.Send("progress", status)
	for sent == nil && !status.Finished() {
		select {
		case <-ctx.Done():
			return
		case <-h.Stopping:
			return
		case <-check.C:
			if err := c.Reauthorize(ctx); httpx.IsAccessLost(err) {
				stream.Drop(err)
				return
			}
			continue
		case <-tick.C:
		}
		next, err := h.Bulk.Status(ctx, actor.FromContext(ctx), api.CommunityID(ctx), jobID)
		if errs.KindOf(err) == errs.NotFound {
			return
		}
		// Continue during a temporary outage of the database.
		if err == nil && !reflect.DeepEqual(next, status) {
			status = next
			sent = stream.Send("progress", status)
			tick.Reset(progressEvery) // a slow client must not shorten the next interval
		}
	}
	if sent == nil {
		_ = stream.Send("done", status) // the client disconnected
	}
}
