package milestone

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/conditions"
)

// input returns the form for the feature. A day that the form has kept leaves the instant of
// the stored milestone as it is.
func (f Form) input(r ui.Reader, stored milestone.Milestone) milestone.Input {
	order, xp, coins := conditions.Number(f.Order), conditions.Number(f.XP), conditions.Number(f.Coins)
	in := milestone.Input{
		Name: &f.Name, Group: &f.Group, Order: &order, Description: &f.Description, Conditions: f.Conditions.JSON(), XP: &xp, Coins: &coins, BadgeID: &f.Badge, Enabled: &f.Enabled,
		Boost: f.boost(),
	}
	if f.From != r.Date(stored.StartsAt) {
		in.StartsAt = instant(f.From, r.DayStart(f.From, 0))
	}
	if f.Until != r.Date(stored.EndsAt) {
		in.EndsAt = instant(f.Until, r.DayStart(f.Until, 1)-1)
	}
	return in
}

// instant returns the time of a day, "" of no day, and the text itself if it is no day.
func instant(day string, at int64) *string {
	if day != "" && at > 0 {
		day = clock.Format(at)
	}
	return &day
}

// boost returns the boost of the form. Wrong texts are values that the feature rejects.
func (f Form) boost() *milestone.Boost {
	text := strings.ReplaceAll(strings.TrimSpace(f.Factor), ",", ".")
	if text == "" && strings.TrimSpace(f.Hours) == "" {
		return &milestone.Boost{}
	}
	b := milestone.Boost{Tenths: -1, Hours: conditions.Number(f.Hours)}
	if n, err := strconv.ParseFloat(text, 64); err == nil && math.Round(n*10)/10 == n && n > 0 && n <= math.MaxInt32 {
		b.Tenths = int64(math.Round(n * 10))
	}
	return &b
}

func (h *handlers) showNew(v *ui.Request) error {
	return h.renderEditor(v, milestone.Milestone{}, &Form{Enabled: true, Conditions: conditions.Form{Operator: condition.And}}, nil)
}

func (h *handlers) create(v *ui.Request) error {
	form := readForm(v)
	r, err := h.reader(v)
	if err != nil {
		return err
	}
	made, err := h.Milestones.Create(v.Context(), v.Actor, v.Community.ID, form.input(r, milestone.Milestone{}))
	if err != nil {
		return h.renderEditor(v, milestone.Milestone{}, &form, err)
	}
	return v.Redirect(v.In("/milestones/"+made.ID+"/edit"), i18n.Key("Milestone created"))
}

// reader returns the reader, with the time zone of the community.
func (h *handlers) reader(v *ui.Request) (ui.Reader, error) {
	p, err := h.Page(v, i18n.Key("Milestone"), "milestones", "")
	return p.Reader, err
}

// stored returns the milestone of the address.
func (h *handlers) stored(v *ui.Request) (milestone.Milestone, error) {
	return h.Milestones.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("milestone"))
}

func (h *handlers) showEditor(v *ui.Request) error {
	m, err := h.stored(v)
	if err != nil {
		return err
	}
	return h.renderEditor(v, m, nil, nil)
}

func (h *handlers) update(v *ui.Request) error {
	form := readForm(v)
	m, err := h.stored(v)
	if err != nil {
		return err
	}
	r, err := h.reader(v)
	if err != nil {
		return err
	}
	if !ui.Loads(v) {
		_, err = h.Milestones.Update(v.Context(), v.Actor, v.Community.ID, m.ID, form.input(r, m), max(conditions.Number(form.Version), 0))
	}
	if err != nil || ui.Loads(v) {
		return h.renderEditor(v, m, &form, err)
	}
	return v.Redirect(v.In("/milestones/"+m.ID+"/edit"), i18n.Key("Milestone saved"))
}

func (h *handlers) delete(v *ui.Request) error {
	if err := h.Milestones.Delete(v.Context(), v.Actor, v.Community.ID, v.PathValue("milestone")); err != nil {
		return err
	}
	return v.Redirect(v.In("/milestones/all"), i18n.Key("Milestone deleted"))
}

// renderEditor shows the editor with a form; nil: that of the stored milestone.
func (h *handlers) renderEditor(v *ui.Request, stored milestone.Milestone, form *Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := EditView{Stored: stored}
	title := i18n.Key("New milestone")
	if stored.ID != "" {
		title = i18n.Key("Edit milestone")
	}
	if view.Page, err = h.Page(v, title, "milestones", ""); err != nil {
		return err
	}
	if form != nil {
		view.Form = *form
	} else {
		view.Form = formOf(view.Reader, stored)
	}
	if view.Errors = conditions.Errors(v, cause); view.Errors == nil {
		view.Alert = refused
	}
	if view.Fields, err = h.Milestones.Fields(v.Context(), v.Actor, v.Community.ID); err != nil {
		return err
	}
	view.Subjects = conditions.Subjects(v, view.Fields)
	if view.Badges, err = h.badges(v); err != nil {
		return err
	}
	saved := func() (Form, error) { return formOf(view.Reader, stored), nil }
	if view.Conflict, err = ui.Compare(v, cause, &view.Page, &view.Form, saved, func(f Form) []ui.Line { return lines(view, f) }); err != nil {
		return err
	}
	if cause == nil || view.Conflict != nil {
		view.Reached = h.reached(v, view.Page, view.Form, stored)
	}
	return ui.Render(v, status, EditPage(view))
}

// badges returns the badges that a milestone may award.
func (h *handlers) badges(v *ui.Request) ([]ui.Choice, error) {
	list, _, err := h.Badges.List(v.Context(), v.Actor, v.Community.ID, 1, badge.MaxBadges)
	choices := []ui.Choice{{Value: "", Label: v.T("No badge")}}
	for _, b := range list {
		choices = append(choices, ui.Choice{Value: b.ID, Label: b.Title})
	}
	return choices, err
}

// preview answers a script with how many members would complete the milestone of the form.
func (h *handlers) preview(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Milestone"), "milestones", "")
	if err != nil {
		return err
	}
	var stored milestone.Milestone
	if milestoneID := v.FormValue("milestone"); milestoneID != "" {
		if stored, err = h.Milestones.Get(v.Context(), v.Actor, v.Community.ID, milestoneID); err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
	}
	return ui.Render(v, http.StatusOK, reached(p, h.reached(v, p, readForm(v), stored)))
}

// reached is how many members would complete the milestone of a form; "" for a form that is
// not valid yet.
func (h *handlers) reached(v *ui.Request, p ui.Page, form Form, stored milestone.Milestone) string {
	in := form.input(p.Reader, stored)
	if in.StartsAt == nil && stored.StartsAt != 0 {
		in.StartsAt = instant(form.From, stored.StartsAt)
	}
	if in.EndsAt == nil && stored.EndsAt != 0 {
		in.EndsAt = instant(form.Until, stored.EndsAt)
	}
	if form.Conditions.Nested && stored.ID != "" {
		in.Conditions = json.RawMessage(field.EncodeJSON(&stored.Conditions))
	}
	preview, err := h.Completions.Preview(v.Context(), v.Actor, v.Community.ID, stored.ID, in)
	if err != nil {
		return ""
	}
	return reachedText(p, preview)
}
