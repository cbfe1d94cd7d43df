package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/bulk"
)

func (h *handlers) jobRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/bulk-update", ID: "listBulkJobs", Summary: "List bulk jobs",
		Permissions: bulkWork, Traits: api.Compat,
		Description: "Newest first.",
	}, h.listJobs)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/bulk-update/{jobId}/status", ID: "getBulkJob", Summary: "Get the status of a bulk job",
		Permissions: bulkWork, Traits: api.Compat,
		Description: "`read = created + updated + unchanged + skipped + failed` is always true, in dry runs too.",
	}, h.jobStatus)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/bulk-update/{jobId}/details", ID: "listBulkRows", Summary: "List the rows of a bulk job",
		Permissions: bulkWork, Traits: api.Compat,
		Description: "Every row of the file has an outcome; `line` selects one. In a dry run the outcomes are the planned ones. 400 `invalid_cursor`: the cursor is from another list. " + fileFailures,
	}, h.jobDetails)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/bulk-update/{jobId}/cancel", ID: "cancelBulkJob", Summary: "Cancel a bulk job",
		Permissions: bulkWork,
		Description: "Applied rows are kept; undo the job to revert them. 409 `job_finished`: the job has ended.",
	}, h.cancelJob)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/bulk-update/{jobId}/apply", ID: "applyBulkJob", Summary: "Apply the plan of a dry run",
		Permissions: bulkWork, Traits: api.KeepKey,
		Description: "Applies exactly the plan of the dry run, as a new job. 409 `plan_stale` if a field, role, tag or setting has changed since, or the plan is older than 24 hours; a row whose plan would differ now fails with `plan_stale`. 409 `not_a_plan`: the job is not a complete dry run; `plan_running`: the dry run has not ended; `already_applied`: undo the job that applied it first. " + fileFailures,
	}, h.applyJob)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/bulk-update/{jobId}/undo", ID: "undoBulkJob", Summary: "Undo a bulk job",
		Permissions: bulkWork, Traits: api.KeepKey,
		Description: "Restores the state before a job, as a new job of type `undo`: deletes created members, reverses entries of the ledger and reverts changed fields, except those changed since. 409 `not_undoable`: the job is a dry run, an undo, or has not ended; `undo_running`: an undo is running. 410 `expired`: the details of its rows have been deleted.",
	}, h.undoJob)
}

// JobPath is the part of an input that names a job in the path.
type JobPath struct {
	JobID       string `path:"jobId" doc:"The _id of the job." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	CommunityID string `query:"communityId" doc:"Required in a session of a person with several memberships."`
}

// jobInput names a job, and the community in the query or the body.
type jobInput struct {
	JobPath
	Body *struct {
		api.BodyCommunity
	} `nameHint:"JobOrder"`
}

type jobQuery struct {
	wire.PageInput
	CommunityID string `query:"communityId" doc:"Required in a session of a person with several memberships."`
	Type        string `query:"type" enum:"import,update,premium_currency,undo" doc:"Only jobs of this type."`
	Status      string `query:"status" enum:"queued,running,completed,completed_with_errors,failed,cancelled,undone" doc:"Only jobs with this status."`
}

type detailQuery struct {
	JobPath
	wire.CursorInput
	Outcome string `query:"outcome" enum:"created,updated,unchanged,skipped,failed" doc:"Only rows with this outcome."`
	Line    int    `query:"line" minimum:"1" doc:"Only the row that starts on this line of the file."`
	Code    string `query:"code" maxLength:"100" doc:"Only rows with an error of this code."`
	Column  string `query:"column" maxLength:"1000" doc:"Only rows with an error in the column with this header; with code: an error that has both."`
}

// startedJob is the data of the response to an operation that starts another job.
type startedJob struct {
	JobID     string `json:"jobId" example:"6a21d1c09f3b0c4d5e6f7a8b" doc:"The new job."`
	StatusURL string `json:"statusUrl" example:"/v1/users/bulk-update/6a21d1c09f3b0c4d5e6f7a8b/status"`
}

func (h *handlers) listJobs(ctx context.Context, in *jobQuery) (*api.List[bulk.Status, wire.Pages], error) {
	jobs, total, err := h.Bulk.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), bulk.ListFilter{Type: in.Type, Status: in.Status, Page: in.Page, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return api.RespondList("Bulk jobs, newest first", jobs, wire.Pages{Page: in.Page, Limit: in.Limit, Total: total}), nil
}

func (h *handlers) jobStatus(ctx context.Context, in *JobPath) (*api.Answer[bulk.Status], error) {
	status, err := h.Bulk.Status(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.JobID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Status of the bulk job", status), nil
}

func (h *handlers) jobDetails(ctx context.Context, in *detailQuery) (*api.List[bulk.Detail, wire.Cursor], error) {
	filter := bulk.DetailFilter{Outcome: in.Outcome, Line: in.Line, Cursor: in.Cursor, Limit: in.Limit}
	filter.Errors.Code = in.Code
	if in.Column != "" {
		filter.Errors.Column = &in.Column
	}
	rows, next, err := h.Bulk.Details(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.JobID, filter)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Rows of the bulk job", rows, wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) cancelJob(ctx context.Context, in *jobInput) (*api.Answer[bulk.Status], error) {
	status, err := h.Bulk.Cancel(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.JobID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Bulk job cancelled; applied rows are kept", status), nil
}

func (h *handlers) applyJob(ctx context.Context, in *jobInput) (*api.Answer[startedJob], error) {
	newID := h.Bulk.NewID()
	response := api.Respond("The plan of the dry run is queued", startedJob{newID, jobURL(newID)})
	api.PresetResponse(ctx, response.Body)
	_, err := h.Bulk.Apply(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.JobID, newID)
	return response, err
}

func (h *handlers) undoJob(ctx context.Context, in *jobInput) (*api.Answer[startedJob], error) {
	newID := h.Bulk.NewID()
	response := api.Respond("Undoing the bulk job is queued", startedJob{newID, jobURL(newID)})
	api.PresetResponse(ctx, response.Body)
	_, err := h.Bulk.Undo(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.JobID, newID)
	return response, err
}
