package bulk

import (
	"context"
	"fmt"
	"net/http"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/idempotency"
)

// The error codes of bulk operations.
const (
	uploadFailures = "Errors, without a job: 400: `missing_file`, `several_files`, `empty_file`, `no_header`, `bad_header`, `invalid_header`, `no_identifying_column`, `too_many_columns`, `several_tables`, `no_sheet`, `damaged_file`, `upload_truncated`, `notify_needs_person`. 409 `storage_quota_reached`: the stored files of the community use up its quota. 413: `file_too_large`, `zip_bomb`. 415: `unsupported_type`, `not_text`, `not_a_table`, `no_table`, `encrypted_file`. 429 `rate_limited`: too many uploads at once. 503 `files_busy`: too many files are being inspected. 503 `disk_full`: the disk of the server is full."
	fileFailures   = "410 `expired`: the file has been deleted; `damaged_file`: it is missing or differs from the upload. 503 `files_busy`: too many files are being inspected."
)

func (h *handlers) uploadRoutes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "POST", Path: "/v1/users/bulk-import", ID: "importUsers", Summary: "Import members from a file",
		Permissions: bulkWork, Traits: api.Compat | api.OpenImport | api.CommunityInBody,
		Description: "Creates members and updates existing ones, matched by Email, else by Username. The response is sent when the file is stored; a job processes it. Every row has an outcome, and an invalid row does not affect the others.\n\n" +
			"CSV (UTF-8, UTF-16 or Windows-1252; `,` `;` tab or `|`), `.xlsx`, `.ods`, `.gz` and `.zip` are detected. An empty cell leaves a value unchanged, `__CLEAR__` clears it. The template has the headers.\n\n" +
			"Without a credential this works only if the community's setting `openBulkImport` is on, with smaller files and without options.\n\n" + uploadFailures,
	}, describeImport, h.start(bulk.Import))
	api.AddRaw(g, api.Route{
		Method: "POST", Path: "/v1/users/bulk-update", ID: "updateUsers", Summary: "Update members from a file",
		Permissions: bulkWork, Traits: api.Compat | api.CommunityInBody,
		Description: "Updates existing members, matched by `email`, `username`, `user_id` or an identifier field; creates none. Send only the columns to change. The operation of a numerical column is in a column `<field>_op` before it: `add`, `subtract` or `overwrite`; other columns overwrite.\n\n" +
			"`xp` and `coins` with `xp_op` and `coins_op` post to the ledger, whole numbers only; without an operation they are ignored.\n\n" + uploadFailures,
	}, describeUpdate, h.start(bulk.Update))
	api.AddRaw(g, api.Route{
		Method: "POST", Path: "/v1/users/premium-currency/bulk-update", ID: "updatePremiumCurrency", Summary: "Change premium currency from a file",
		Permissions: bulkWork, Traits: api.Compat | api.CommunityInBody,
		Description: "Posts one entry of premium currency for each row. Columns: `email`, `username`, `user_id` or an identifier field; `amount_op` (`add`, `subtract` or `overwrite`); `amount`, a whole number; `reason` if wanted, at most 200 characters. " + uploadFailures,
	}, describePremium, h.start(bulk.Premium))
}

// optionNames are the optional form fields of an upload.
func optionNames(kind bulk.Type) []string {
	if kind == bulk.Premium {
		return []string{"dryRun", "mapping", "encoding", "delimiter", "sheet", "decimal", "notify"}
	}
	return job.OptionNames()
}

// queuedJob is the data of the response to an accepted upload.
type queuedJob struct {
	Message   string `json:"message" example:"Bulk import user process is queued. You can check in Api Log ( community settings )"`
	JobID     string `json:"jobId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	StatusURL string `json:"statusUrl" example:"/v1/users/bulk-update/6a21d1c09f3b0c4d5e6f7a8b/status"`
}

func jobURL(jobID string) string { return "/v1/users/bulk-update/" + jobID + "/status" }

func queued(kind bulk.Type, jobID string) api.Success[queuedJob] {
	message := fmt.Sprintf("Bulk %s user process is queued", kind)
	if kind == bulk.Premium {
		message = "Premium currency bulk update process is queued"
	}
	return api.Respond(message, queuedJob{
		Message: message + ". You can check in Api Log ( community settings )", JobID: jobID, StatusURL: jobURL(jobID),
	}).Body
}

// start serves the uploads of a kind of job.
func (h *handlers) start(kind bulk.Type) func(*api.Call) {
	return func(c *api.Call) {
		in := &uploadRequest{handlers: h, call: c, kind: kind, ctx: c.R.Context()}
		defer in.Abort()
		before, jobID, err := in.accept()
		switch {
		case err != nil:
			in.Abort()
			httpx.WriteError(c.W, c.R, err)
		case before != nil:
			c.Replay(before)
		default:
			c.W.Header().Set("Location", jobURL(jobID))
			httpx.WriteJSON(c.W, http.StatusOK, queued(kind, jobID))
		}
	}
}

// uploadRequest is an upload that starts a job. Its context gets the actor's
// community, and later the reservation of the idempotency key.
type uploadRequest struct {
	api.Upload
	*handlers
	call       *api.Call
	kind       bulk.Type
	ctx        context.Context
	authorized bool // the actor may start the job in the community

	replayable bool // the request may have run before
}

// accept reads the form and starts the job, or returns the response to the same
// request before.
func (in *uploadRequest) accept() (before *idempotency.Response, jobID string, err error) {
	r := in.call.R
	if err := in.init(); err != nil {
		return nil, "", err
	}
	if err := in.CheckSize(r); err != nil {
		return nil, "", err
	}
	if in.Counted, err = in.Uploads.Begin(uploaderOf(in.ctx), httpx.Network(r), r.ContentLength); err != nil {
		return nil, "", err
	}
	defer in.Counted.End()
	if err := in.crossOrigin.Check(r); err != nil {
		return nil, "", errs.New(errs.Forbidden, "cross_origin", "Forms of other sites are not accepted.")
	}
	key, err := in.call.IdempotencyKey()
	if err != nil {
		return nil, "", err
	}
	err = in.Read(r)
	api.SetUnknownFields(in.call.W, in.Unknown)
	if err != nil {
		return nil, "", in.hideFromAnonymous(err)
	}
	if !in.authorized {
		if err := in.authorize(); err != nil {
			return nil, "", in.hideFromAnonymous(err)
		}
	}
	options, err := in.options()
	if err != nil {
		return nil, "", err
	}
	ctx, reservation, before, err := in.call.Reserve(in.ctx, key, in.Fingerprint())
	if err != nil || before != nil {
		return before, "", err
	}
	jobID, err = in.commit(ctx, reservation, options)
	return nil, jobID, err
}

// init prepares reading the form. It rejects an anonymous request if no community
// allows open imports.
func (in *uploadRequest) init() error {
	r := in.call.R
	in.replayable = r.Header.Get("Idempotency-Key") != ""
	in.Fields, in.Limit, in.Create = optionNames(in.kind), in.Limits.UploadBytes, in.Files.Create
	in.Community = func(id string) error { return in.authorize(id) }
	in.BeforeFile = func() error { return nil }
	in.authorized = api.CommunityID(in.ctx) != ""
	switch {
	case in.authorized:
		return in.checkStorage(api.FileBytes(r))
	case actor.FromContext(in.ctx).Kind != actor.Anonymous:
		return in.anyImportable()
	}
	in.ctx = actor.NewContext(in.ctx, actor.Actor{Kind: actor.Open})
	in.Limit = in.Limits.OpenUploadBytes
	in.BeforeFile = func() error { return in.openUploads.Allow(in.call.W, r, httpx.Network(r)) }
	if ids := in.call.NamedCommunities(); len(ids) > 0 {
		return in.authorize(ids...)
	}
	return in.anyOpen()
}

// anyOpen returns nil if a community allows open imports.
func (in *uploadRequest) anyOpen() error {
	all, err := in.Communities.List(in.ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Settings.OpenBulkImport {
			return nil
		}
	}
	return in.call.Can(in.ctx, actor.Actor{})
}

// anyImportable returns nil if the person may import into one of their
// communities; others must not fill the disk before the form names one.
func (in *uploadRequest) anyImportable() error {
	caller := actor.FromContext(in.ctx)
	if caller.Kind == actor.UserKey {
		if err := in.Access.CanAsPerson(caller, bulkWork); err != nil {
			return err
		}
	}
	if caller.InstallationOwner && caller.OnlyCommunity == "" {
		return nil
	}
	communities, err := in.Access.CommunitiesOf(in.ctx, caller)
	if err != nil {
		return err
	}
	refusal := errs.New(errs.Forbidden, "missing_permission", "You have permission to import in none of your communities. Ask an owner for it, then try again.")
	for _, one := range communities {
		caller.CommunityID = one
		err := in.call.Can(in.ctx, caller)
		if kind := errs.KindOf(err); err == nil || kind == errs.Internal || kind == errs.Unavailable {
			return err
		}
	}
	return refusal
}

// uploaderOf returns the account or API key that an upload counts for; "" without
// a credential.
func uploaderOf(ctx context.Context) string {
	caller := actor.FromContext(ctx)
	if caller.Kind == actor.Open || caller.Kind == actor.Anonymous {
		return ""
	}
	return caller.Uploader()
}

func (in *uploadRequest) authorize(ids ...string) error {
	ctx, err := in.call.InCommunity(in.ctx, ids...)
	if err != nil {
		return err
	}
	in.ctx, in.authorized = ctx, true
	return in.checkStorage(0)
}

// checkStorage rejects a file over the quota of its community before it is
// received, unless the response may be that of an earlier request.
func (in *uploadRequest) checkStorage(bytes int64) error {
	if in.replayable {
		return nil
	}
	return in.Bulk.CheckStorage(in.ctx, actor.FromContext(in.ctx), api.CommunityID(in.ctx), bytes)
}

// hideFromAnonymous hides the errors of a form from anonymous callers until its
// community is known to allow open imports.
func (in *uploadRequest) hideFromAnonymous(err error) error {
	kind := errs.KindOf(err)
	if actor.FromContext(in.ctx).Kind == actor.Open && !in.authorized && (kind == errs.Invalid || kind == errs.Unsupported) {
		return in.call.Can(in.ctx, actor.Actor{})
	}
	return err
}

func (in *uploadRequest) options() (bulk.Options, error) {
	if actor.FromContext(in.ctx).Kind != actor.Open || len(in.Values) == 0 {
		return job.ParseOptions(in.Values)
	}
	var wrong []errs.Field
	for _, name := range job.OptionNames() {
		if _, sent := in.Values[name]; sent {
			wrong = append(wrong, errs.Field{Field: name, Code: "not_allowed", Message: "An import without a credential cannot have options."})
		}
	}
	return bulk.Options{}, errs.InvalidFields(wrong)
}

// commit syncs the file to disk and starts the job. The response is known before
// the job starts and is stored in the same commit.
func (in *uploadRequest) commit(ctx context.Context, reservation *api.Reservation, options bulk.Options) (jobID string, err error) {
	jobID = in.Bulk.NewID()
	body := queued(in.kind, jobID)
	header := map[string]string{"Content-Type": "application/json", "Location": jobURL(jobID)}
	reservation.Preset(header, body)
	if err = in.File.Commit(); err == nil {
		_, err = in.Bulk.Start(ctx, actor.FromContext(ctx), api.CommunityID(ctx), bulk.Start{
			Type: in.kind, FileID: in.File.ID(), FileName: in.FileName,
			FileScan: in.Scan, Options: options, JobID: jobID,
		})
		if err != nil && bulk.Refused(err) {
			in.deleteFile(ctx, in.File.ID())
		}
	}
	status := http.StatusOK
	if err != nil {
		status = errs.KindOf(err).Status()
	}
	reservation.Finish(ctx, status, header, body)
	return jobID, err
}

// deleteFile deletes the file of a rejected upload; a sweep deletes it if this
// fails.
func (h *handlers) deleteFile(ctx context.Context, fileID string) {
	if err := h.Files.Delete(ctx, fileID); err != nil {
		h.Log.WarnContext(ctx, "rejected upload not deleted", "request_id", httpx.RequestID(ctx), "error", err)
	}
}
