package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/idempotency"
)

// queuedJob is the data of the answer to an upload that was accepted.
type queuedJob struct {
	Message   string `json:"message" example:"Bulk import user process is queued. You can check in Api Log ( community settings )"`
	JobID     string `json:"jobId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	StatusURL string `json:"statusUrl" example:"/v1/users/bulk-update/6a21d1c09f3b0c4d5e6f7a8b/status"`
}

func jobURL(jobID string) string { return "/v1/users/bulk-update/" + jobID + "/status" }

func queued(kind bulk.Type, jobID string) success[queuedJob] {
	message := fmt.Sprintf("Bulk %s user process is queued", kind)
	return success[queuedJob]{"success", message, queuedJob{
		Message: message + ". You can check in Api Log ( community settings )", JobID: jobID, StatusURL: jobURL(jobID),
	}}
}

// start serves the two operations that take a file.
func (a *API) start(kind bulk.Type) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in := &intake{api: a, kind: kind, w: w, ctx: r.Context()}
		defer in.abort()
		before, jobID, err := in.accept(r)
		switch {
		case err != nil:
			in.abort()
			httpx.WriteError(w, r, err)
		case before != nil:
			replay(w, before)
		default:
			w.Header().Set("Location", jobURL(jobID))
			httpx.WriteJSON(w, http.StatusOK, queued(kind, jobID))
		}
	}
}

// intake is one upload on its way to a job. Its context gains the actor's
// community, and later the reservation of the Idempotency-Key.
type intake struct {
	upload
	api    *API
	kind   bulk.Type
	w      http.ResponseWriter
	ctx    context.Context
	judged bool // the actor may do this in the community

	replayable bool // the request may have been answered before
}

// accept reads the form and starts the job, or finds the answer that was given
// to the same request before.
func (in *intake) accept(r *http.Request) (before *idempotency.Response, jobID string, err error) {
	if err := in.greet(r); err != nil {
		return nil, "", err
	}
	if r.ContentLength > in.limit+formOverhead {
		return nil, "", in.tooLarge()
	}
	if in.counted, err = in.api.Uploads.Begin(uploaderOf(in.ctx), httpx.Network(r), r.ContentLength); err != nil {
		return nil, "", err
	}
	defer in.counted.End()
	if err := in.api.crossOrigin.Check(r); err != nil {
		return nil, "", errs.New(errs.Forbidden, "cross_origin", "A page of another site may not send this form.")
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return nil, "", err
	}
	err = in.read(r)
	nameUnknown(in.w, in.unknown)
	if err != nil {
		return nil, "", in.withheld(err)
	}
	if !in.judged {
		if err := in.judge(); err != nil {
			return nil, "", in.withheld(err)
		}
	}
	options, err := in.options()
	if err != nil {
		return nil, "", err
	}
	ctx, reservation, before, err := in.api.Once.Begin(in.ctx, scopeOf(r.WithContext(in.ctx)), key, in.fingerprint(), true)
	if err != nil || before != nil {
		return before, "", err
	}
	jobID, err = in.commit(ctx, reservation, options)
	return nil, jobID, err
}

// greet sets up what the form may hold, and turns away nobody in particular
// at once where no community takes open imports.
func (in *intake) greet(r *http.Request) error {
	in.replayable = r.Header.Get("Idempotency-Key") != ""
	in.form, in.limit, in.create = map[string]string{}, in.api.Limits.UploadBytes, in.api.Files.Create
	in.community = func(name string) error { return in.judge(name) }
	in.beforeAll = func() error { return nil }
	in.judged = here(in.ctx) != ""
	switch {
	case in.judged:
		return in.checkStorage(r.ContentLength - formOverhead)
	case actor.FromContext(in.ctx).Kind != actor.Anonymous:
		return in.api.anyImportable(in.ctx)
	}
	in.ctx = actor.NewContext(in.ctx, actor.Actor{Kind: actor.Open})
	in.limit = in.api.Limits.OpenUploadBytes
	in.beforeAll = func() error { return in.api.openUploads.Allow(in.w, r, httpx.Network(r)) }
	if names := namedCommunities(r); len(names) > 0 {
		return in.judge(names...)
	}
	return in.api.anyOpen(in.ctx)
}

// anyOpen returns nil if some community takes imports without a credential.
func (a *API) anyOpen(ctx context.Context) error {
	all, err := a.Communities.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Settings.OpenBulkImport {
			return nil
		}
	}
	return a.may(ctx, actor.Actor{}, bulkWork)
}

// anyImportable returns nil if a person may import into one of their
// communities, so that no other fills the disk before the form names one.
func (a *API) anyImportable(ctx context.Context) error {
	caller := actor.FromContext(ctx)
	if caller.Kind == actor.UserKey {
		if err := a.Access.CanAsPerson(caller, bulkWork); err != nil {
			return err
		}
	}
	if caller.InstallationOwner && caller.OnlyCommunity == "" {
		return nil
	}
	communities, err := a.Access.CommunitiesOf(ctx, caller)
	if err != nil {
		return err
	}
	refusal := errs.New(errs.Forbidden, "missing_permission", "You are in no community that you may import into. Ask its owner for the permission, then try again.")
	for _, one := range communities {
		caller.CommunityID = one
		err := a.may(ctx, caller, bulkWork)
		if kind := errs.KindOf(err); err == nil || kind == errs.Internal || kind == errs.Unavailable {
			return err
		}
	}
	return refusal
}

// uploaderOf is the account or API key that an upload counts for; "" without a
// credential.
func uploaderOf(ctx context.Context) string {
	caller := actor.FromContext(ctx)
	if caller.Kind == actor.Open || caller.Kind == actor.Anonymous {
		return ""
	}
	return caller.Uploader()
}

func (in *intake) judge(names ...string) error {
	ctx, err := in.api.intoBody(in.ctx, bulkWork, names...)
	if err != nil {
		return err
	}
	in.ctx, in.judged = ctx, true
	return in.checkStorage(0)
}

// checkStorage refuses a file that is too much for its community before it is
// received, unless the answer may be that of an earlier request.
func (in *intake) checkStorage(bytes int64) error {
	if in.replayable {
		return nil
	}
	return in.api.Bulk.CheckStorage(in.ctx, here(in.ctx), bytes)
}

// withheld keeps from those without a credential what is wrong with their
// form until the community they name is known to be open.
func (in *intake) withheld(err error) error {
	kind := errs.KindOf(err)
	if actor.FromContext(in.ctx).Kind == actor.Open && !in.judged && (kind == errs.Invalid || kind == errs.Unsupported) {
		return in.api.may(in.ctx, actor.Actor{}, bulkWork)
	}
	return err
}

func (in *intake) options() (bulk.Options, error) {
	if actor.FromContext(in.ctx).Kind != actor.Open || len(in.form) == 0 {
		return bulk.ParseOptions(in.form)
	}
	var wrong []errs.Field
	for _, name := range bulk.OptionNames {
		if _, sent := in.form[name]; sent {
			wrong = append(wrong, errs.Field{Field: name, Code: "not_allowed", Message: "An import without a credential takes no options."})
		}
	}
	return bulk.Options{}, errs.InvalidFields(wrong)
}

// commit puts the file on stable storage and starts the job. The answer is
// known before the job is and kept in the same commit.
func (in *intake) commit(ctx context.Context, reservation *idempotency.Reservation, options bulk.Options) (jobID string, err error) {
	jobID = in.api.Bulk.NewID()
	body := encode(queued(in.kind, jobID))
	header := map[string]string{"Content-Type": "application/json", "Location": jobURL(jobID)}
	if reservation != nil {
		reservation.SetResponse(http.StatusOK, header, body)
	}
	if err = in.file.Commit(); err == nil {
		_, err = in.api.Bulk.Start(ctx, bulk.Start{
			CommunityID: here(ctx), Type: in.kind, FileID: in.file.ID(), FileName: in.fileName,
			Verdict: in.verdict, Options: options, Actor: actor.FromContext(ctx), JobID: jobID,
		})
		if err != nil && bulk.Refused(err) {
			in.api.forget(ctx, in.file.ID())
		}
	}
	if reservation == nil {
		return jobID, err
	}
	status := http.StatusOK
	if err != nil {
		status = errs.KindOf(err).Status()
	}
	finished := reservation.Finish(context.WithoutCancel(ctx), status, header, body, false)
	if err == nil && finished != nil {
		in.api.Log.ErrorContext(ctx, "cannot keep an answer for its idempotency key", "request_id", httpx.RequestID(ctx), "error", finished)
	}
	return jobID, err
}

// forget deletes the file of a refused upload; what fails now, a sweep does.
func (a *API) forget(ctx context.Context, fileID string) {
	if err := a.Files.Delete(fileID); err != nil {
		a.Log.WarnContext(ctx, "refused upload not deleted", "request_id", httpx.RequestID(ctx), "error", err)
	}
}
