package automation

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/expression"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ui"
)

// EditView is the editor of an automation.
type EditView struct {
	ui.Page
	ID       string // "": a new one
	Form     Form
	Choices  Choices
	types    []event.Type  // of the events
	fields   []field.Field // of members
	Errors   map[string]string
	Tested   *firing.Trial // nil: not tested
	Events   string        // of the form of the test
	Conflict *ui.Conflict  // nil: none
}

// Choices are what selects of the editor offer.
type Choices struct{ Events, Roles, Tags, Fields, Badges, Channels []ui.Choice }

// Form are the texts of the editor.
type Form struct {
	ui.Edit `json:"-"`

	Name, Event, Condition, PerMember, PerDay string
	Enabled, IncludeImports                   bool
	Actions                                   []Action
}

// Action is an action in the editor.
type Action struct {
	Type, Unit, Amount, Reason, RoleID, TagID, Op, FieldID, Change, Value, BadgeID, ChannelID, Message string
}

// formOf returns the texts of a stored automation.
func formOf(a automation.Automation) Form {
	f := Form{
		Name: a.Name, Event: a.Event, Condition: a.Condition, PerMember: limitText(a.PerMember), PerDay: limitText(a.PerDay), Edit: ui.Edit{Version: strconv.FormatInt(a.Version, 10)},
		Enabled: a.Enabled, IncludeImports: a.IncludeImports,
	}
	for _, one := range a.Actions {
		v := Action{
			Type: one.Type, Unit: string(one.Unit), Reason: one.Reason, RoleID: one.RoleID, TagID: one.TagID, Op: one.Op, FieldID: one.FieldID, Change: one.Op, BadgeID: one.BadgeID,
			ChannelID: one.ChannelID, Message: one.Message, Value: valueText(one.Value),
		}
		if one.Amount != 0 {
			v.Amount = strconv.FormatInt(one.Amount, 10)
		}
		f.Actions = append(f.Actions, v)
	}
	return f
}

func limitText(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// valueText returns the value of a field as form input.
func valueText(raw json.RawMessage) string {
	value, err := automation.Decode(raw)
	if err != nil {
		return ""
	}
	if list, ok := value.([]any); ok {
		texts := make([]string, len(list))
		for i := range list {
			texts[i] = ui.FormText(list[i])
		}
		return strings.Join(texts, ", ")
	}
	return ui.FormText(value)
}

// readForm returns the texts of a request, without empty actions.
func readForm(v *ui.Request) Form {
	get := v.FormValue
	f := Form{
		Name: get("name"), Event: get("event"), Condition: get("condition"), PerMember: get("perMember"), PerDay: get("perDay"), Edit: ui.ReadEdit(v),
		Enabled: get("enabled") == "yes", IncludeImports: get("includeImports") == "yes",
	}
	for i := range automation.MaxActions {
		n := strconv.Itoa(i)
		a := Action{
			Type: get("type" + n), Unit: get("unit" + n), Amount: get("amount" + n), Reason: get("reason" + n), RoleID: get("role" + n), TagID: get("tag" + n), FieldID: get("field" + n),
			Change: get("change" + n), Value: get("value" + n), BadgeID: get("badge" + n), ChannelID: get("channel" + n), Message: get("message" + n),
		}
		if a.Op = get("roleOp" + n); a.Type == automation.Tag {
			a.Op = get("tagOp" + n)
		}
		if a.Type != "" {
			f.Actions = append(f.Actions, a)
		}
	}
	return f
}

// input returns the form for the feature.
func (f Form) input() automation.Input {
	perMember, perDay := number(f.PerMember), number(f.PerDay)
	imports := f.IncludeImports && f.Event == "user.joined_server"
	actions := make([]automation.Action, len(f.Actions))
	for i, a := range f.Actions {
		actions[i] = a.input()
	}
	return automation.Input{Name: &f.Name, Enabled: &f.Enabled, Event: &f.Event, IncludeImports: &imports, Condition: &f.Condition, Actions: &actions, PerMember: &perMember, PerDay: &perDay}
}

func (a Action) input() automation.Action {
	one := automation.Action{
		Type: a.Type, Unit: ledger.Unit(a.Unit), Amount: number(a.Amount), Reason: a.Reason, RoleID: a.RoleID, TagID: a.TagID, Op: a.Op, FieldID: a.FieldID, BadgeID: a.BadgeID,
		ChannelID: a.ChannelID, Message: a.Message,
	}
	if a.Type == automation.Field {
		one.Op = a.Change
		if a.Value != "" {
			one.Value = json.RawMessage(field.EncodeJSON(a.Value))
		}
	}
	if a.Type == automation.Grant && strings.TrimSpace(a.Amount) != "" && one.Amount == -1 && strings.TrimSpace(a.Amount) != "-1" {
		one.Amount = 0 // not a number
	}
	return one
}

// number returns a whole number, 0 of nothing and -1 of another text.
func number(text string) int64 {
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	return ui.WholeNumber(text)
}

const firstEvent = "user.joined_server"

func (h *handlers) showNew(v *ui.Request) error {
	return h.renderEditor(v, EditView{Form: Form{Event: firstEvent, Enabled: true, Actions: []Action{{Type: automation.Grant, Unit: string(ledger.Coins)}}}}, nil)
}

func (h *handlers) create(v *ui.Request) error {
	form := readForm(v)
	made, err := h.Automations.Create(v.Context(), v.Actor, v.Community.ID, form.input())
	if err != nil {
		return h.renderEditor(v, EditView{Form: form}, err)
	}
	return v.Redirect(v.In("/automations/"+made.ID), i18n.Key("Automation created"))
}

func (h *handlers) showEditor(v *ui.Request) error {
	stored, err := h.Automations.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("automation"))
	if err != nil {
		return err
	}
	view := EditView{ID: stored.ID, Form: formOf(stored), Events: v.URL.Query().Get("events")}
	if n, err := strconv.Atoi(view.Events); err == nil && n > 0 {
		tested, err := h.Firings.Test(v.Context(), v.Actor, v.Community.ID, stored.ID, min(n, firing.MaxTried))
		if err != nil {
			return err
		}
		view.Tested = &tested
	}
	view.Events = cmp.Or(view.Events, "100")
	return h.renderEditor(v, view, nil)
}

func (h *handlers) update(v *ui.Request) error {
	form, automationID := readForm(v), v.PathValue("automation")
	var err error
	if !ui.Loads(v) {
		_, err = h.Automations.Update(v.Context(), v.Actor, v.Community.ID, automationID, form.input(), max(number(form.Version), 0))
	}
	if err != nil || ui.Loads(v) {
		return h.renderEditor(v, EditView{ID: automationID, Form: form, Events: "100"}, err)
	}
	return v.Redirect(v.In("/automations/"+automationID), i18n.Key("Automation saved"))
}

func (h *handlers) delete(v *ui.Request) error {
	if err := h.Automations.Delete(v.Context(), v.Actor, v.Community.ID, v.PathValue("automation")); err != nil {
		return err
	}
	return v.Redirect(v.In("/automations"), i18n.Key("Automation deleted"))
}

// showValues shows the values that conditions about an event may name.
func (h *handlers) showValues(v *ui.Request) error {
	view := EditView{Form: Form{Event: v.URL.Query().Get("event")}}
	if err := h.addChoices(v, &view); err != nil {
		return err
	}
	var err error
	if view.Page, err = h.Page(v, i18n.Key("Values of an event"), "automations", ""); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, ValuesPage(view))
}

// renderEditor shows the editor with a form.
func (h *handlers) renderEditor(v *ui.Request, view EditView, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if err := h.addChoices(v, &view); err != nil {
		return err
	}
	title := i18n.Key("New automation")
	if view.ID != "" {
		title = i18n.Key("Automation")
	}
	if view.Page, err = h.Page(v, title, "automations", i18n.Key("An event that meets the condition is followed by the actions: all of them, or none if one fails.")); err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = refused
	}
	stored := func() (Form, error) {
		saved, err := h.Automations.Get(v.Context(), v.Actor, v.Community.ID, view.ID)
		return formOf(saved), err
	}
	if view.Conflict, err = ui.Compare(v, cause, &view.Page, &view.Form, stored, func(f Form) []ui.Line { return lines(view, f) }); err != nil {
		return err
	}
	if view.ID != "" && view.Form.Name != "" {
		view.Title = view.Form.Name
	}
	return ui.Render(v, status, EditPage(view))
}

// values returns the values of the event of the form.
func (v EditView) values() []expression.Path {
	for _, t := range v.types {
		if t.Name == v.Form.Event {
			return expression.Scope{Event: t, Fields: v.fields}.Paths()
		}
	}
	return nil
}

// addChoices adds what the selects offer.
func (h *handlers) addChoices(v *ui.Request, view *EditView) error {
	types, err := h.Automations.EventTypes(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	targets, fields, err := h.Automations.Targets(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.types, view.fields = types, fields
	c := &view.Choices
	for _, t := range types {
		c.Events = append(c.Events, ui.Choice{Value: t.Name, Label: eventName(v.T, t.Name)})
	}
	slices.SortFunc(c.Events, func(a, b ui.Choice) int { return cmp.Compare(a.Value, b.Value) })
	for _, one := range targets.Roles {
		c.Roles = append(c.Roles, ui.Choice{Value: one.ID, Label: one.Title})
	}
	for _, one := range targets.Tags {
		c.Tags = append(c.Tags, ui.Choice{Value: one.ID, Label: one.Name})
	}
	for _, one := range targets.Fields {
		c.Fields = append(c.Fields, ui.Choice{Value: one.ID, Label: one.Name})
	}
	for _, one := range targets.Badges {
		c.Badges = append(c.Badges, ui.Choice{Value: one.ID, Label: one.Title})
	}
	for _, one := range targets.Channels {
		c.Channels = append(c.Channels, ui.Choice{Value: one.ID, Label: one.Topic})
	}
	return nil
}
