package console

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet"
)

const (
	jobsPerPage   = 25
	rowsPerPage   = 25
	progressEvery = 300 * time.Millisecond
	downloadStall = 60 * time.Second // a client that accepts nothing for so long is cut off
)

func (c *console) showLog(v *visit) error {
	p, err := c.page(v, "API log", "api-log", "Every import, dry run, update and undo, whoever started it.")
	if err != nil {
		return err
	}
	query := v.URL.Query()
	page, _ := strconv.Atoi(query.Get("page")) // what is no number is the first page
	page = max(page, 1)
	view := LogView{Page: p, Type: query.Get("type"), Status: query.Get("status"), Here: v.URL.RequestURI()}
	found, total, err := c.Bulk.List(v.Context(), v.community.ID, bulk.ListFilter{Type: view.Type, Status: view.Status, Page: page, Limit: jobsPerPage})
	if err != nil {
		return err
	}
	stored, err := c.Bulk.StorageOf(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view.Storage = storageView(stored)
	for _, s := range found {
		j := jobView(v, s)
		view.Live = view.Live || j.Live()
		view.Jobs = append(view.Jobs, j)
	}
	view.Range = newRange(page, jobsPerPage, len(found), total, false, func(page int) string {
		return logQuery(p.In("/api-log"), view.Type, view.Status, page)
	})
	return render(v, http.StatusOK, LogPage(view))
}

func (c *console) showJob(v *visit) error { return c.renderJob(v, nil) }

// renderJob shows a job, and why it could not be done what was asked of it.
func (c *console) renderJob(v *visit, cause error) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	s, err := c.Bulk.Status(v.Context(), v.community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	j := jobView(v, s)
	p, err := c.page(v, "", "api-log", "")
	if err != nil {
		return err
	}
	p.Title = j.Title(p.Reader)
	p.Busy, p.Alert = j.Live(), a
	view := JobPageView{Page: p, Job: j, Apply: j.DryRun && j.Status == bulk.Completed && j.writes() > 0}
	if view.Rows, err = c.rowsOf(v, j, p.In("/api-log/"+j.ID)); err != nil {
		return err
	}
	if view.UndoJob, err = c.undoOf(v.Context(), v.community.ID, j); err != nil {
		return err
	}
	return render(v, status, JobPage(view))
}

// undoOf is the job that took j back, "" when there is none.
func (c *console) undoOf(ctx context.Context, communityID string, j JobView) (string, error) {
	if j.Status != bulk.Undone {
		return "", nil
	}
	undos, _, err := c.Bulk.List(ctx, communityID, bulk.ListFilter{Type: string(bulk.Undo), Page: 1, Limit: 100})
	for _, u := range undos {
		if u.UndoOf == j.ID {
			return u.JobID, nil
		}
	}
	return "", err
}

// rowsOf are the rows that the address asks for, and what is wrong with them.
func (c *console) rowsOf(v *visit, j JobView, base string) (RowsView, error) {
	query := v.URL.Query()
	view := RowsView{Job: j, Base: base, Outcome: query.Get("outcome")}
	view.Line, _ = strconv.Atoi(query.Get("line")) // what is no number is any line
	if j.Live() {
		return view, nil
	}
	cursor := query.Get("cursor")
	details, next, err := c.Bulk.Details(v.Context(), v.community.ID, j.ID, bulk.DetailFilter{Outcome: view.Outcome, Line: view.Line, Cursor: cursor, Limit: rowsPerPage})
	if errs.KindOf(err) == errs.Gone {
		view.Gone = v.T("The rows of this job are no longer kept; its counts are.")
		return view, nil
	}
	if err != nil {
		return view, err
	}
	if next != "" {
		view.Next = rowsAddress(base, view.Outcome, next)
	}
	if cursor != "" {
		view.Start = rowsAddress(base, view.Outcome, "")
	}
	names, err := c.fieldNames(v.Context(), v.community.ID)
	if err != nil {
		return view, err
	}
	for _, d := range details {
		view.Rows = append(view.Rows, rowView(v, j, d, names))
	}
	if j.Counts.Failed > 0 {
		view.Problems, err = c.problemsOf(v, j, base)
	}
	return view, err
}

func (c *console) problemsOf(v *visit, j JobView, base string) ([]ProblemView, error) {
	kinds, err := c.Bulk.Problems(v.Context(), v.community.ID, j.ID)
	var view []ProblemView
	for _, k := range first(kinds, 100) {
		show := rowsAddress(base, "failed", "")
		if k.Count == 1 {
			show = base + "?line=" + strconv.Itoa(k.FirstLine) + "#rows"
		}
		view = append(view, ProblemView{Column: k.Column, Message: retell(v.Context(), k.Message), Count: k.Count, FirstLine: k.FirstLine, Show: show})
	}
	return view, err
}

// fieldNames are what people call the fields, by their database names.
func (c *console) fieldNames(ctx context.Context, communityID string) (map[string]string, error) {
	fields, err := c.Fields.List(ctx, communityID)
	names := map[string]string{}
	for _, f := range fields {
		names[f.Field] = fieldName(ctx, f.Default, f.Name)
	}
	return names, err
}

func rowView(v *visit, j JobView, d bulk.Detail, names map[string]string) RowView {
	r := Reader{Words: wordsOf(v.Context())}
	row := RowView{Line: d.Line, Person: d.Identifier, Outcome: d.Outcome}
	for _, change := range d.Changes {
		if d.Removed {
			break // the note says it
		}
		name := names[change.Field]
		if name == "" {
			name = change.Field
		}
		row.Changes = append(row.Changes, Change{name, r.shown(change.Field, change.Old), r.shown(change.Field, change.New)})
	}
	for _, e := range d.Errors {
		row.Errors = append(row.Errors, RowError{e.Column, retell(v.Context(), e.Message), e.Value})
	}
	switch {
	case d.Withheld:
		row.Note = v.T("The data of this person was erased.")
	case d.Removed:
		row.Note = v.T("The member that it created is gone again")
	case j.Type == "undo":
	case d.Outcome == "unchanged":
		row.Note = v.T("Everything is like that already")
	case d.Outcome == "skipped" && d.Identifier == "":
		row.Note = v.T("An empty row")
	case d.Outcome == "skipped":
		row.Note = v.T("Left out, as you chose")
	}
	return row
}

// shown is a value as the profile shows it.
func (r Reader) shown(fld string, value any) string {
	text := r.value(value)
	switch fld {
	case field.CountryName:
		return r.country(text)
	case field.LanguageName:
		return r.language(text)
	}
	return text
}

func jobView(v *visit, s bulk.Status) JobView {
	j := JobView{
		ID: s.JobID, Type: string(s.Type), Status: s.Status, FileName: s.FileName, DryRun: s.DryRun, PlanJob: s.PlanJobID,
		Counts: Counts(s.Counts), Percent: s.Percent, RowsPerSecond: s.RowsPerSecond, By: v.T(startedBy(s.CreatedBy)),
		CreatedAt: millis(s.CreatedAt), StartedAt: millisOf(s.StartedAt), FinishedAt: millisOf(s.FinishedAt),
	}
	if s.UndoOf != "" {
		j.PlanJob = s.UndoOf
	}
	if s.Detected != nil {
		j.Detected = detectedText(v, *s.Detected)
	}
	if s.EtaSeconds != nil && s.Status == bulk.Running {
		left := time.Duration(*s.EtaSeconds * float64(time.Second))
		j.Left = &left
	}
	if s.Waiting != nil {
		j.Waiting, j.NextAttempt = waitText(s.Waiting.Reason), millisOf(s.Waiting.NextAttemptAt)
	}
	if s.Error != nil {
		j.Error = retell(v.Context(), s.Error.Message)
	}
	return j
}

// waitTexts say why a job makes no progress, keys of sentences.
var waitTexts = map[string]string{
	jobs.WaitWorker:      i18n.Key("Waiting for a free worker."),
	jobs.WaitAccount:     i18n.Key("Waiting for other jobs of the same person or API key."),
	jobs.WaitCommunity:   i18n.Key("Waiting for other jobs of this community."),
	jobs.WaitInterrupted: i18n.Key("Interrupted by a restart of the server. Interrupted jobs start again one at a time."),
	jobs.WaitRetry:       i18n.Key("The last attempt failed because of an error of the server. It is tried again."),
	jobs.WaitDatabase:    i18n.Key("Waiting for the database."),
	jobs.WaitServer:      i18n.Key("Waiting for a server that works on jobs."),
	jobs.WaitNode:        i18n.Key("The server that works on this job does not respond. Another one will continue it."),
	jobs.WaitDisk:        i18n.Key("The disk of the server is full. The job continues as soon as there is space."),
	jobs.WaitOtherNode:   i18n.Key("The file is on another server. The job continues there."),
	bulk.WaitFieldChange: i18n.Key("Waiting until a change of the community's fields is complete."),
}

// waitText is the sentence for a reason.
func waitText(reason string) string {
	if text, known := waitTexts[reason]; known {
		return text
	}
	return i18n.Key("Waiting to continue.")
}

// startedBy is who started a job; those who have no name get one.
func startedBy(name string) string {
	switch name {
	case string(actor.Open):
		return i18n.Key("somebody without a key")
	case string(actor.Command):
		return i18n.Key("the command line")
	}
	return name
}

// millis reads a time of the wire; "" is 0.
func millis(wire string) int64 {
	t, err := time.Parse(clock.Layout, wire)
	if err != nil {
		return 0
	}
	return t.UnixMilli()
}

func detectedText(v *visit, d sheet.Detected) string {
	parts := []string{}
	for _, fact := range detectedFacts(v, d) {
		parts = append(parts, fact.Label)
	}
	return strings.Join(parts, v.T(", "))
}

func (c *console) failedRows(v *visit) error {
	s, err := c.Bulk.Status(v.Context(), v.community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	out := &lazyFile{w: v.w, body: httpx.NewStallWriter(v.w, downloadStall), name: bulk.FailedName(s)}
	err = c.Bulk.WriteFailed(v.Context(), v.community.ID, s.JobID, out)
	if err != nil && !out.begun {
		return err
	}
	if err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // half a file must not look whole
	}
	return nil
}

// lazyFile names a download with its first byte, so that an error before it
// can still be told.
type lazyFile struct {
	w     http.ResponseWriter
	body  io.Writer
	name  string
	begun bool
}

func (f *lazyFile) Write(p []byte) (int, error) {
	if !f.begun {
		f.begun = true
		download(f.w, f.name)
	}
	return f.body.Write(p)
}

func download(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition", `attachment; filename*=UTF-8''`+escaped(name))
}

func (c *console) cancelJob(v *visit) error {
	jobID := v.PathValue("job")
	_, err := c.Bulk.Cancel(v.Context(), v.community.ID, jobID)
	if errs.Is(err, "job_finished") {
		return v.goTo(c.backToJob(v, jobID), "The job had ended already")
	}
	if err != nil {
		return err
	}
	return v.goTo(c.backToJob(v, jobID), "The job is cancelled")
}

// backToJob is the page of the wizard that a form came from, or the job's.
func (c *console) backToJob(v *visit, jobID string) string {
	if draft, ok := strings.CutPrefix(v.PostFormValue("back"), "import/"); ok && !strings.ContainsAny(draft, "/?#\\") {
		return v.in("/import/" + draft + "/jobs/" + jobID)
	}
	return v.in("/api-log/" + jobID)
}

func (c *console) applyJob(v *visit) error {
	s, err := c.Bulk.Apply(v.Context(), v.actor, v.community.ID, v.PathValue("job"), "")
	if err != nil {
		return c.renderJob(v, err)
	}
	return v.goTo(v.in("/api-log/"+s.JobID), "")
}

func (c *console) undoJob(v *visit) error {
	s, err := c.Bulk.Undo(v.Context(), v.actor, v.community.ID, v.PathValue("job"), "")
	if err != nil {
		return c.renderJob(v, err)
	}
	return v.goTo(v.in("/api-log/"+s.JobID), "")
}

// millisOf is millis for a time that may not have come.
func millisOf(at *string) int64 {
	if at == nil {
		return 0
	}
	return millis(*at)
}
