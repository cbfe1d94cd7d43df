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
)

// EditView is the editor of a badge.
type EditView struct {
	ui.Page
	Row      // the stored badge; its ID is "": a new one
	Form     Form
	Subjects []ui.Choice // of conditions: actions and fields
	Preview  *count.Preview
	Errors   map[string]string
}

// Form are the texts of the editor.
type Form struct {
	Title, Action, Quantity, Description, XP, Coins string
	Attachment                                      bool
	Version                                         string
	Operator                                        string
	Rules                                           []Rule // of the action conditions
	Nested                                          bool   // the stored conditions have groups, which the form leaves as they are
}

// Rule is a condition in the editor.
type Rule struct{ Subject, Op, Value string }

// maxRules is the number of conditions that the editor has.
const maxRules = 5

// ops are the comparisons that the editor has.
var ops = []ui.Choice{
	{Value: condition.AtLeast, Label: i18n.Key("at least")},
	{Value: condition.Above, Label: i18n.Key("more than")},
	{Value: condition.Equal, Label: i18n.Key("is")},
	{Value: condition.NotEqual, Label: i18n.Key("is not")},
	{Value: condition.AtMost, Label: i18n.Key("at most")},
	{Value: condition.Below, Label: i18n.Key("less than")},
	{Value: condition.Set, Label: i18n.Key("has a value")},
}

var operators = []ui.Choice{{Value: condition.And, Label: i18n.Key("All conditions")}, {Value: condition.Or, Label: i18n.Key("One of the conditions")}}

// formOf returns the texts of a stored badge.
func formOf(b badge.Badge) Form {
	f := Form{
		Title: b.Title, Action: b.Action, Quantity: strconv.FormatInt(b.Quantity, 10), Description: b.Description, XP: strconv.FormatInt(b.Reward().XP, 10), Coins: strconv.FormatInt(b.Reward().Coins, 10),
		Attachment: b.AttachmentRequired, Version: strconv.FormatInt(b.Version, 10), Operator: b.Conditions.Operator,
	}
	for _, one := range b.Conditions.Conditions {
		if one.Operator != "" || one.Op == condition.In || len(f.Rules) == maxRules {
			f.Nested = true
		}
		r := Rule{Subject: "action:" + one.Action, Op: one.Op, Value: strconv.FormatInt(one.Count, 10)}
		if one.Action == "" {
			r.Subject, r.Value = "field:"+one.FieldID, ""
			if one.Value != nil {
				r.Value = strings.Trim(field.EncodeJSON(one.Value), `"`)
			}
		}
		f.Rules = append(f.Rules, r)
	}
	return f
}

// readForm returns the texts of a request.
func readForm(v *ui.Request) Form {
	get := v.FormValue
	f := Form{
		Title: get("title"), Action: get("action"), Quantity: get("quantity"), Description: get("description"), XP: get("awardXpQuantity"), Coins: get("awardCurrencyQuantity"),
		Attachment: get("attachment") == "yes", Version: get("version"), Operator: get("operator"), Nested: get("nested") == "yes",
	}
	for i := range maxRules {
		n := strconv.Itoa(i)
		if r := (Rule{get("subject" + n), get("op" + n), strings.TrimSpace(get("value" + n))}); r.Subject != "" {
			f.Rules = append(f.Rules, r)
		}
	}
	return f
}

// input returns the form for the feature.
func (f Form) input() badge.Input {
	quantity, xp, coins := number(f.Quantity), number(f.XP), number(f.Coins)
	paysXP, paysCoins := xp != 0, coins != 0
	in := badge.Input{
		Title: &f.Title, Action: &f.Action, Quantity: &quantity, Description: &f.Description, PaysXP: &paysXP, XP: &xp, PaysCoins: &paysCoins, Coins: &coins, AttachmentRequired: &f.Attachment,
	}
	if f.Action == badge.ByConditions && !f.Nested {
		in.Conditions = f.conditions()
	}
	return in
}

// number returns a whole number, 0 of nothing and -1 of another text.
func number(text string) int64 {
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// conditions returns the rules of the form as JSON.
func (f Form) conditions() json.RawMessage {
	list := make([]map[string]any, 0, len(f.Rules))
	for _, r := range f.Rules {
		one := map[string]any{"op": r.Op}
		if action, ok := strings.CutPrefix(r.Subject, "action:"); ok {
			one["action"], one["value"] = action, number(r.Value)
		} else {
			one["fieldId"] = strings.TrimPrefix(r.Subject, "field:")
			if r.Op != condition.Set {
				one["value"] = r.Value
			}
		}
		list = append(list, one)
	}
	return json.RawMessage(field.EncodeJSON(map[string]any{"operator": f.Operator, "conditions": list}))
}

func (h *handlers) showNew(v *ui.Request) error {
	return h.renderEditor(v, Row{}, Form{Action: badge.Custom, Operator: condition.And}, nil)
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
	_, err := h.Badges.Update(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge"), form.input(), max(number(form.Version), 0))
	if err != nil {
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
	if view.Errors = conditionErrors(v, cause); view.Errors == nil {
		view.Alert = refused
	}
	if view.Subjects, err = h.subjects(v); err != nil {
		return err
	}
	if cause == nil {
		view.Preview = h.previewOf(v, form, row)
	}
	return ui.Render(v, status, EditPage(view))
}

// conditionErrors are the errors of a form; those of conditions are joined.
func conditionErrors(v *ui.Request, cause error) map[string]string {
	wrong := ui.FieldErrors(v.Context(), cause)
	for name, text := range wrong {
		if strings.HasPrefix(name, "conditions") {
			wrong["conditions"] = text
		}
	}
	return wrong
}

// subjects returns what conditions compare.
func (h *handlers) subjects(v *ui.Request) ([]ui.Choice, error) {
	fields, err := h.Badges.Fields(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	list := []ui.Choice{{Value: "", Label: "–"}}
	for _, one := range counts {
		list = append(list, ui.Choice{Value: "action:" + one.Value, Label: v.T(one.Label)})
	}
	for _, f := range fields {
		if f.Type != field.RoleList && f.Type != field.TagList {
			label := f.Name
			if f.Default {
				label = v.T(f.Name)
			}
			list = append(list, ui.Choice{Value: "field:" + f.ID, Label: label})
		}
	}
	return list, nil
}

// preview answers a script with how many members meet the conditions of the form.
func (h *handlers) preview(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Badge"), "badges", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, Reached(p, h.previewOf(v, readForm(v), Row{})))
}

// previewOf returns nil for a form that is not valid yet, and for a badge without
// conditions.
func (h *handlers) previewOf(v *ui.Request, form Form, row Row) *count.Preview {
	in := form.input()
	if form.Nested && row.ID != "" {
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
