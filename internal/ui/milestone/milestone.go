package milestone

import (
	"net/http"
	"strconv"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/completion"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/conditions"
)

// Group are the items of a group, in their order.
type Group[T any] struct {
	Name string // "": without a group
	List []T
}

// grouped returns items by their groups, which follow each other.
func grouped[T any](list []T, name func(T) string) (groups []Group[T]) {
	for _, one := range list {
		if len(groups) == 0 || groups[len(groups)-1].Name != name(one) {
			groups = append(groups, Group[T]{Name: name(one)})
		}
		last := &groups[len(groups)-1]
		last.List = append(last.List, one)
	}
	return groups
}

// Row is a milestone of the reader.
type Row struct {
	completion.State
	Steps []conditions.Step
	Badge string // title of the badge that it awards; "": none
}

// OwnView are the milestones of the reader.
type OwnView struct {
	ui.Page
	Groups  []Group[Row]
	Manages bool
}

func (h *handlers) showOwn(v *ui.Request) error {
	states, err := h.Completions.Own(v.Context(), v.Actor, v.Community.ID)
	if err != nil && !errs.Is(err, "user_not_found") { // owners of the installation may be no members
		return err
	}
	fields, err := h.Milestones.Fields(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	titles, err := h.titles(v)
	if err != nil {
		return err
	}
	view := OwnView{Manages: h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.Gamification) == nil}
	if view.Page, err = h.Page(v, i18n.Key("Milestones"), "milestones", i18n.Key("What you have reached, and what comes next.")); err != nil {
		return err
	}
	rows := make([]Row, len(states))
	for i, s := range states {
		rows[i] = Row{State: s, Steps: conditions.Steps(v, fields, s.Progress), Badge: titles[s.Reward.BadgeID]}
	}
	view.Groups = grouped(rows, func(r Row) string { return r.Group })
	return ui.Render(v, http.StatusOK, OwnPage(view))
}

// titles returns the titles of the badges by id.
func (h *handlers) titles(v *ui.Request) (map[string]string, error) {
	list, _, err := h.Badges.List(v.Context(), v.Actor, v.Community.ID, 1, badge.MaxBadges)
	titles := make(map[string]string, len(list))
	for _, b := range list {
		titles[b.ID] = b.Title
	}
	return titles, err
}

// AllView are the milestones of a community for those who manage them.
type AllView struct {
	ui.Page
	Groups     []Group[milestone.Milestone]
	Titles     map[string]string // of badges
	Evaluation milestone.Evaluation
	Now        int64 // Unix milliseconds
}

func (h *handlers) showAll(v *ui.Request) error {
	list, _, err := h.Milestones.List(v.Context(), v.Actor, v.Community.ID, "", milestone.MaxMilestones)
	if err != nil {
		return err
	}
	view := AllView{Groups: grouped(list, func(m milestone.Milestone) string { return m.Group })}
	if view.Evaluation, err = h.Milestones.Evaluation(v.Context(), v.Actor, v.Community.ID); err != nil {
		return err
	}
	if view.Titles, err = h.titles(v); err != nil {
		return err
	}
	if view.Page, err = h.Page(v, i18n.Key("Manage milestones"), "milestones", i18n.Key("Members complete each milestone once.")); err != nil {
		return err
	}
	view.Busy, view.Now = view.Evaluation.State == milestone.Evaluating, view.Reader.Now.UnixMilli()
	return ui.Render(v, http.StatusOK, AllPage(view))
}

// EditView is the editor of a milestone.
type EditView struct {
	ui.Page
	Stored   milestone.Milestone // its ID is "": a new one
	Form     Form
	Fields   []field.Field
	Subjects []ui.Choice // of conditions: actions and fields
	Badges   []ui.Choice
	Reached  string // how many members would complete it; "": unknown
	Errors   map[string]string
	Conflict *ui.Conflict // nil: none
}

// Form are the texts of the editor.
type Form struct {
	ui.Edit `json:"-"`

	Name, Group, Order, Description, XP, Coins, Badge string
	Factor, Hours                                     string
	From, Until                                       string // days
	Enabled                                           bool
	Conditions                                        conditions.Form
}

// formOf returns the texts of a stored milestone.
func formOf(r ui.Reader, m milestone.Milestone) Form {
	f := Form{
		Name: m.Name, Group: m.Group, Order: strconv.FormatInt(m.Order, 10), Description: m.Description, XP: strconv.FormatInt(m.Reward.XP, 10), Coins: strconv.FormatInt(m.Reward.Coins, 10), Badge: m.Reward.BadgeID,
		From: r.Date(m.StartsAt), Until: r.Date(m.EndsAt), Enabled: m.Enabled, Edit: ui.Edit{Version: strconv.FormatInt(m.Version, 10)}, Conditions: conditions.FormOf(m.Conditions),
	}
	if m.Boost.Tenths != 0 {
		f.Factor = factor(m.Boost)
	}
	if m.Boost.Hours != 0 {
		f.Hours = strconv.FormatInt(m.Boost.Hours, 10)
	}
	return f
}

// readForm returns the texts of a request.
func readForm(v *ui.Request) Form {
	get := v.FormValue
	return Form{
		Name: get("name"), Group: get("group"), Order: get("order"), Description: get("description"), XP: get("xp"), Coins: get("coins"), Badge: get("badge"),
		Factor: get("factor"), Hours: get("hours"), From: get("from"), Until: get("until"), Enabled: get("enabled") == "yes", Edit: ui.ReadEdit(v), Conditions: conditions.ReadForm(v),
	}
}
