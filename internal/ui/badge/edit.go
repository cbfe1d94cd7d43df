package badge

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/conditions"
)

// EditView is the editor of a badge.
type EditView struct {
	ui.Page
	Row      // the stored badge; its ID is "": a new one
	Form     Form
	Subjects []ui.Choice // of conditions: actions and fields
	Preview  *count.Preview
	Errors   map[string]string
	Conflict *ui.Conflict // nil: none
}

// Form are the texts of the editor.
type Form struct {
	ui.Edit `json:"-"`

	Title, Action, Quantity, Description, XP, Coins string
	Attachment                                      bool
	Conditions                                      conditions.Form // of the action conditions
}

// formOf returns the texts of a stored badge.
func formOf(b badge.Badge) Form {
	return Form{
		Title: b.Title, Action: b.Action, Quantity: strconv.FormatInt(b.Quantity, 10), Description: b.Description, XP: strconv.FormatInt(b.Reward().XP, 10), Coins: strconv.FormatInt(b.Reward().Coins, 10),
		Attachment: b.AttachmentRequired, Edit: ui.Edit{Version: strconv.FormatInt(b.Version, 10)}, Conditions: conditions.FormOf(b.Conditions),
	}
}

// readForm returns the texts of a request.
func readForm(v *ui.Request) Form {
	get := v.FormValue
	return Form{
		Title: get("title"), Action: get("action"), Quantity: get("quantity"), Description: get("description"), XP: get("awardXpQuantity"), Coins: get("awardCurrencyQuantity"),
		Attachment: get("attachment") == "yes", Edit: ui.ReadEdit(v), Conditions: conditions.ReadForm(v),
	}
}

// input returns the form for the feature.
func (f Form) input() badge.Input {
	quantity, xp, coins := conditions.Number(f.Quantity), conditions.Number(f.XP), conditions.Number(f.Coins)
	paysXP, paysCoins := xp != 0, coins != 0
	in := badge.Input{
		Title: &f.Title, Action: &f.Action, Quantity: &quantity, Description: &f.Description, PaysXP: &paysXP, XP: &xp, PaysCoins: &paysCoins, Coins: &coins, AttachmentRequired: &f.Attachment,
	}
	if f.Action == badge.ByConditions {
		in.Conditions = f.Conditions.JSON()
	}
	return in
}

func (h *handlers) showNew(v *ui.Request) error {
	return h.renderEditor(v, Row{}, Form{Action: badge.Custom, Conditions: conditions.Form{Operator: condition.And}}, nil)
}

func (h *handlers) create(v *ui.Request) error {
	form := readForm(v)
	made, err := h.Badges.Create(v.Context(), v.Actor, v.Community.ID, form.input())
	if err != nil {
		return h.renderEditor(v, Row{}, form, err)
	}
	return v.Redirect(v.In("/badges/"+made.ID+"/edit"), i18n.Key("Badge created"))
}

// stored returns the badge of the address.
func (h *handlers) stored(v *ui.Request) (Row, error) {
	b, err := h.Badges.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge"))
	return Row{Badge: b, Picture: h.Badges.URL(v.Community.ID, b.Image)}, err
}

func (h *handlers) showEditor(v *ui.Request) error { return h.editAgain(v, nil) }

// editAgain shows the stored badge with an error.
func (h *handlers) editAgain(v *ui.Request, cause error) error {
	row, err := h.stored(v)
	if err != nil {
		return err
	}
	return h.renderEditor(v, row, formOf(row.Badge), cause)
}

func (h *handlers) update(v *ui.Request) error {
	form := readForm(v)
	var err error
	if !ui.Loads(v) {
		_, err = h.Badges.Update(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge"), form.input(), max(conditions.Number(form.Version), 0))
	}
	if err != nil || ui.Loads(v) {
		row, loadErr := h.stored(v)
		if loadErr != nil {
			return loadErr
		}
		return h.renderEditor(v, row, form, err)
	}
	return v.Redirect(v.In("/badges/"+v.PathValue("badge")+"/edit"), i18n.Key("Badge saved"))
}

// renderEditor shows the editor with a form.
func (h *handlers) renderEditor(v *ui.Request, row Row, form Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := EditView{Row: row, Form: form}
	title := i18n.Key("New badge")
	if row.ID != "" {
		title = i18n.Key("Edit badge")
	}
	if view.Page, err = h.Page(v, title, "badges", ""); err != nil {
		return err
	}
	if view.Errors = conditions.Errors(v, cause); view.Errors == nil {
		view.Alert = refused
	}
	fields, err := h.Badges.Fields(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Subjects = conditions.Subjects(v, fields)
	view.Conflict, err = ui.Compare(v, cause, &view.Page, &view.Form, func() (Form, error) { return formOf(row.Badge), nil }, func(f Form) []ui.Line { return lines(view, f) })
	if err != nil {
		return err
	}
	if cause == nil || view.Conflict != nil {
		view.Preview = h.previewOf(v, view.Form, row)
	}
	return ui.Render(v, status, EditPage(view))
}

// preview answers a script with how many members meet the conditions of the form.
func (h *handlers) preview(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Badge"), "badges", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, reached(p, h.previewOf(v, readForm(v), Row{})))
}

// previewOf returns nil for a form that is not valid yet, and for a badge without
// conditions.
func (h *handlers) previewOf(v *ui.Request, form Form, row Row) *count.Preview {
	in := form.input()
	if form.Conditions.Nested && row.ID != "" {
		in.Conditions = json.RawMessage(field.EncodeJSON(&row.Conditions))
	}
	p, err := h.Awards.Preview(v.Context(), v.Actor, v.Community.ID, in)
	if err != nil || form.Action == badge.Custom {
		return nil
	}
	return &p
}

func (h *handlers) setPicture(v *ui.Request) error {
	file, err := h.Picture(v, "picture")
	if err == nil {
		_, err = h.Badges.Update(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge"), badge.Input{Upload: file}, 0)
	}
	if err != nil {
		return h.editAgain(v, err)
	}
	return v.Redirect(v.In("/badges/"+v.PathValue("badge")+"/edit"), i18n.Key("Picture saved"))
}

func (h *handlers) delete(v *ui.Request) error {
	if err := h.Badges.Delete(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge")); err != nil {
		return h.editAgain(v, err)
	}
	return v.Redirect(v.In("/badges"), i18n.Key("Badge deleted"))
}

// award awards the badge to a member or removes it.
func (h *handlers) award(v *ui.Request) error {
	user, badgeID := strings.TrimSpace(v.PostFormValue("user")), v.PathValue("badge")
	toast := i18n.Key("Badge awarded")
	var err error
	switch {
	case user == "":
		err = errs.InvalidFields([]errs.Field{errs.Wrong("user", "required", "Name a member.")})
	case v.PostFormValue("op") == "remove":
		toast = i18n.Key("Badge removed")
		err = h.Awards.Remove(v.Context(), v.Actor, v.Community.ID, badgeID, user, v.PostFormValue("keep") == "yes")
	default:
		_, err = h.Awards.Award(v.Context(), v.Actor, v.Community.ID, badgeID, user)
	}
	if err != nil {
		return h.render(v, View{AwardedTo: user}, err)
	}
	return v.Redirect(v.In("/badges/"+badgeID), toast)
}

func (h *handlers) evaluate(v *ui.Request) error {
	if _, err := h.Awards.Evaluate(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge")); err != nil {
		return h.render(v, View{}, err)
	}
	return v.Redirect(v.In("/badges/"+v.PathValue("badge")), i18n.Key("Evaluation started"))
}
