package overview

import (
	"net/http"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// periods are the lengths that the numbers can have, in days; the first is the
// default.
var periods = []int{30, 90, 365}

// View is the page of a community's numbers.
type View struct {
	ui.Page
	Here    string // address of the page
	Members Members
	Jobs    []Job
	Steps   []Step
}

// Job is a bulk job that is running or waiting.
type Job struct {
	Name, Link string
	Running    bool
	Percent    float64 // done; -1: unknown
}

// Step is a first step of a new community.
type Step struct {
	Icon, Title, Text, Link string
	Done                    bool
}

// show answers with the numbers of the last days.
func (h *handlers) show(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Overview"), "overview", "")
	if err != nil {
		return err
	}
	total, err := h.Members.Count(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	members, err := h.members(v, p.Reader, periodOf(v), total)
	if err != nil {
		return err
	}
	view := View{Page: p, Here: v.URL.RequestURI(), Members: members}
	if view.Jobs, err = h.jobs(v, p); err != nil {
		return err
	}
	view.Busy = len(view.Jobs) > 0
	if view.Steps, err = h.steps(v, p, total); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, Page(view))
}

// periodOf is the period in the address.
func periodOf(v *ui.Request) int {
	for _, days := range periods {
		if v.URL.Query().Get("days") == strconv.Itoa(days) {
			return days
		}
	}
	return periods[0]
}

// members are the numbers of members in the period that ends today, and in the
// one before.
func (h *handlers) members(v *ui.Request, r ui.Reader, period int, total int64) (Members, error) {
	today := r.Now.In(r.Zone)
	day := func(ago int) time.Time {
		return time.Date(today.Year(), today.Month(), today.Day()-ago, 12, 0, 0, 0, r.Zone)
	}
	m := Members{Total: total, Period: period, Founded: time.UnixMilli(v.Community.CreatedAt).In(r.Zone).Format(time.DateOnly)}
	var err error
	if m.Days, err = h.Stats.MemberDays(v.Context(), v.Actor, v.Community.ID, day(period-1), day(0)); err != nil {
		return m, err
	}
	m.Before, err = h.Stats.MemberDays(v.Context(), v.Actor, v.Community.ID, day(2*period-1), day(period))
	return m, err
}

// jobsShown is the number of jobs of a state on the page.
const jobsShown = 5

// jobs are the bulk jobs that are running, then those that are waiting.
func (h *handlers) jobs(v *ui.Request, p ui.Page) (jobs []Job, err error) {
	if !p.Allows(permission.BulkUpdateUser) {
		return nil, nil
	}
	for _, status := range []string{bulk.Running, bulk.Queued} {
		found, _, err := h.Bulk.List(v.Context(), v.Actor, v.Community.ID, bulk.ListFilter{Status: status, Limit: jobsShown})
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			job := Job{Name: s.FileName, Link: p.In("/bulk-jobs/" + s.JobID), Running: s.Status == bulk.Running, Percent: -1}
			if job.Name == "" {
				job.Name = p.T("Bulk job")
			}
			if s.Percent != nil {
				job.Percent = *s.Percent
			}
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// newFor is how long a community is new.
const newFor = 30 * 24 * time.Hour

// steps are the first steps of a new community that the person can do; none
// once all are done.
func (h *handlers) steps(v *ui.Request, p ui.Page, total int64) (steps []Step, err error) {
	if p.Reader.Now.Sub(time.UnixMilli(v.Community.CreatedAt)) > newFor {
		return nil, nil
	}
	open := false
	for _, s := range firstSteps {
		if !p.Allows(s.need) {
			continue
		}
		done, err := s.done(h, v, total)
		if err != nil {
			return nil, err
		}
		open = open || !done
		steps = append(steps, Step{Icon: s.icon, Title: p.T(s.title), Text: p.T(s.text), Link: p.In(s.path), Done: done})
	}
	if !open {
		return nil, nil
	}
	return steps, nil
}
