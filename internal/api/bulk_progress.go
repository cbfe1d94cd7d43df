package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

const progressEvery = 250 * time.Millisecond

// jobProgress streams the status of a job until it has ended, or the right to
// it. It reads the tables, so any node answers for a job of another one.
func (a *API) jobProgress(w http.ResponseWriter, r *http.Request) {
	ctx, jobID := r.Context(), r.PathValue("jobId")
	status, err := a.Bulk.Status(ctx, here(ctx), jobID)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	release, err := a.Streams.Open(actor.FromContext(ctx).Uploader())
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	defer release()
	stream, err := httpx.NewStream(w, r)
	if err != nil {
		return // the client is gone
	}
	defer stream.Close()
	a.streamJob(r, stream, jobID, status)
}

func (a *API) streamJob(r *http.Request, stream *httpx.Stream, jobID string, status bulk.Status) {
	ctx := r.Context()
	tick, check := time.NewTicker(progressEvery), a.Streams.CheckTicker()
	defer tick.Stop()
	defer check.Stop()
	sent := stream.Send("progress", status)
	for sent == nil && !status.Finished() {
		select {
		case <-ctx.Done():
			return
		case <-a.Stopping:
			return
		case <-check.C:
			if err := a.mayStill(ctx, r); httpx.IsAccessLost(err) {
				stream.Drop(err)
				return
			}
			continue
		case <-tick.C:
		}
		next, err := a.Bulk.Status(ctx, here(ctx), jobID)
		if errs.KindOf(err) == errs.NotFound {
			return
		}
		// A database that is away for a while is no reason to give up.
		if err == nil && !reflect.DeepEqual(next, status) {
			status = next
			sent = stream.Send("progress", status)
			tick.Reset(progressEvery) // a slow client must not make the next one come sooner
		}
	}
	if sent == nil {
		_ = stream.Send("done", status) // the client may be gone
	}
}

// mayStill returns nil if the credential of an open request still works in its
// community, else why not.
func (a *API) mayStill(ctx context.Context, r *http.Request) error {
	caller, err := a.Access.Authenticate(ctx, httpx.Credential(r))
	if err != nil {
		return err
	}
	_, err = a.into(actor.NewContext(ctx, caller), bulkWork, here(ctx))
	return err
}
