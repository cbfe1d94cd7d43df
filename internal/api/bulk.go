package api

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
)

// JobPath is a part of inputs.
type JobPath struct {
	JobID       string `path:"jobId" doc:"The _id of the job." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	CommunityID string `query:"communityId" doc:"Needed with a session of several memberships."`
}

// jobOrder names a job, and the community in the query or the body.
type jobOrder struct {
	JobPath
	Body *struct {
		CommunityID string `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string `json:"serverId,omitempty" doc:"The same by another name."`
	} `nameHint:"JobOrder"`
}

// orders makes the community of an order the one the request is about.
func (a *API) orders(ctx context.Context, in *jobOrder) (context.Context, error) {
	if in.Body == nil {
		return a.intoBody(ctx, bulkWork)
	}
	return a.intoBody(ctx, bulkWork, in.Body.CommunityID, in.Body.ServerID)
}

type jobQuery struct {
	PageInput
	CommunityID string `query:"communityId" doc:"Needed with a session of several memberships."`
	Type        string `query:"type" enum:"import,update,premium_currency,undo" doc:"Only jobs of this type."`
	Status      string `query:"status" enum:"queued,running,completed,completed_with_errors,failed,cancelled,undone" doc:"Only jobs with this status."`
}

type detailQuery struct {
	JobPath
	CursorInput
	Outcome string `query:"outcome" enum:"created,updated,unchanged,skipped,failed" doc:"Only rows with this outcome."`
	Line    int    `query:"line" minimum:"1" doc:"Only the row that starts on this line of the file."`
}

// startedJob is the data of the answer to what starts a further job.
type startedJob struct {
	JobID     string `json:"jobId" example:"6a21d1c09f3b0c4d5e6f7a8b" doc:"The new job."`
	StatusURL string `json:"statusUrl" example:"/v1/users/bulk-update/6a21d1c09f3b0c4d5e6f7a8b/status"`
}

func (a *API) listJobs(ctx context.Context, in *jobQuery) (*list[bulk.Status, pages], error) {
	jobs, total, err := a.Bulk.List(ctx, here(ctx), bulk.ListFilter{Type: in.Type, Status: in.Status, Page: in.Page, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return respondList("Bulk jobs, newest first", jobs, pages{Page: in.Page, Limit: in.Limit, Total: total}), nil
}

func (a *API) jobStatus(ctx context.Context, in *JobPath) (*answer[bulk.Status], error) {
	status, err := a.Bulk.Status(ctx, here(ctx), in.JobID)
	if err != nil {
		return nil, err
	}
	return respond("Status of the bulk job", status), nil
}

func (a *API) jobDetails(ctx context.Context, in *detailQuery) (*list[bulk.Detail, cursor], error) {
	filter := bulk.DetailFilter{Outcome: in.Outcome, Line: in.Line, Cursor: in.Cursor, Limit: in.Limit}
	rows, next, err := a.Bulk.Details(ctx, here(ctx), in.JobID, filter)
	if err != nil {
		return nil, err
	}
	return respondList("Rows of the bulk job", rows, cursorMeta(in.Limit, next)), nil
}

func (a *API) cancelJob(ctx context.Context, in *jobOrder) (*answer[bulk.Status], error) {
	ctx, err := a.orders(ctx, in)
	if err != nil {
		return nil, err
	}
	status, err := a.Bulk.Cancel(ctx, here(ctx), in.JobID)
	if err != nil {
		return nil, err
	}
	return respond("Bulk job cancelled; what it applied is kept", status), nil
}

func (a *API) applyJob(ctx context.Context, in *jobOrder) (*answer[startedJob], error) {
	ctx, err := a.orders(ctx, in)
	if err != nil {
		return nil, err
	}
	newID := a.Bulk.NewID()
	reply := respond("The plan of the dry run is queued", startedJob{newID, jobURL(newID)})
	promise(ctx, reply.Body)
	_, err = a.Bulk.Apply(ctx, actor.FromContext(ctx), here(ctx), in.JobID, newID)
	return reply, err
}

func (a *API) undoJob(ctx context.Context, in *jobOrder) (*answer[startedJob], error) {
	ctx, err := a.orders(ctx, in)
	if err != nil {
		return nil, err
	}
	newID := a.Bulk.NewID()
	reply := respond("Undoing the bulk job is queued", startedJob{newID, jobURL(newID)})
	promise(ctx, reply.Body)
	_, err = a.Bulk.Undo(ctx, actor.FromContext(ctx), here(ctx), in.JobID, newID)
	return reply, err
}
