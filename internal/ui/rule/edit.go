package rule

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/rule"
	"github.com/regulars/regulars/internal/ui"
)

// View is the editor of XP rules.
type View struct {
	ui.Page
	Form     Form
	Channels []ui.Choice
	Fields   []ui.Choice
	Preview  *rule.Settings // nil: the form is not valid
	Errors   map[string]string
	Conflict *ui.Conflict // nil: none
}

// Form are the texts of the editor.
type Form struct {
	ui.Edit `json:"-"`

	Enabled, PayKeyMessages bool
	Actions                 map[rule.Action]ActionForm // of those that are available
}

// ActionForm are the texts of an action.
type ActionForm struct {
	Enabled                            bool
	XP, Coins, Time, DailyCap, FieldID string
	Channels                           []string
}

// formOf returns the texts of stored settings.
func formOf(s rule.Settings) Form {
	f := Form{Enabled: s.Enabled, PayKeyMessages: s.PayKeyMessages, Edit: ui.Edit{Version: strconv.FormatInt(s.Version, 10)}, Actions: map[rule.Action]ActionForm{}}
	for _, action := range available {
		r := s.Rules[action]
		one := ActionForm{Enabled: r.Enabled, XP: strconv.FormatInt(r.XP, 10), Coins: strconv.FormatInt(r.Coins, 10), Time: strconv.FormatInt(r.Time, 10), FieldID: r.FieldID, Channels: r.Channels}
		if r.DailyCap != nil {
			one.DailyCap = strconv.FormatInt(*r.DailyCap, 10)
		}
		f.Actions[action] = one
	}
	return f
}

// available are the actions that the editor shows.
var available = slices.DeleteFunc(slices.Clone(rule.Actions), func(action rule.Action) bool { return !action.Available() })

func readForm(v *ui.Request) Form {
	f := Form{Enabled: v.FormValue("enabled") == "yes", PayKeyMessages: v.FormValue("payKeyMessages") == "yes", Edit: ui.ReadEdit(v), Actions: map[rule.Action]ActionForm{}}
	for _, action := range available {
		get := func(name string) string { return strings.TrimSpace(v.FormValue(inputName(action, name))) }
		f.Actions[action] = ActionForm{
			Enabled: get("enabled") == "yes", XP: get("xp"), Coins: get("coins"), Time: get("time"), DailyCap: get("dailyCap"), FieldID: get("fieldId"), Channels: v.Form[inputName(action, "channels")],
		}
	}
	return f
}

// inputName is the name of an input, which is the field of an error too.
func inputName(action rule.Action, name string) string { return string(action) + "." + name }

// change returns the form for the feature.
func (f Form) change() rule.Change {
	c := rule.Change{Enabled: &f.Enabled, PayKeyMessages: &f.PayKeyMessages, Rules: map[rule.Action]rule.ActionChange{}, Version: max(ui.WholeNumber(f.Version), 0)}
	for action, one := range f.Actions {
		changed := rule.ActionChange{Enabled: &one.Enabled, XP: new(ui.WholeNumber(one.XP)), Coins: new(ui.WholeNumber(one.Coins))}
		if action.HasCooldown() {
			changed.Time = new(ui.WholeNumber(one.Time))
		}
		if action.Repeats() {
			var limit *int64
			if one.DailyCap != "" {
				limit = new(ui.WholeNumber(one.DailyCap))
			}
			changed.DailyCap = &limit
		}
		if action.InChannels() {
			changed.Channels = &one.Channels
		}
		if action == rule.AboutMe {
			changed.FieldID = &one.FieldID
		}
		c.Rules[action] = changed
	}
	return c
}

func (h *handlers) showEditor(v *ui.Request) error {
	stored, err := h.Rules.Get(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	return h.render(v, formOf(stored), nil)
}

func (h *handlers) update(v *ui.Request) error {
	form := readForm(v)
	if ui.Loads(v) {
		return h.render(v, form, nil)
	}
	if _, err := h.Rules.Update(v.Context(), v.Actor, v.Community.ID, form.change()); err != nil {
		return h.render(v, form, err)
	}
	return v.Redirect(v.In("/xp-rules"), i18n.Key("XP rules saved"))
}

// render shows the editor with a form.
func (h *handlers) render(v *ui.Request, form Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := View{Form: form}
	if view.Page, err = h.Page(v, i18n.Key("XP rules"), "xp-rules", i18n.Key("What members earn for what they do.")); err != nil {
		return err
	}
	if view.Errors = errorsOf(v, cause); view.Errors == nil {
		view.Alert = refused
	}
	if view.Channels, err = h.channels(v, form); err != nil {
		return err
	}
	if view.Fields, err = h.fields(v); err != nil {
		return err
	}
	stored := func() (Form, error) {
		s, err := h.Rules.Get(v.Context(), v.Actor, v.Community.ID)
		return formOf(s), err
	}
	view.Conflict, err = ui.Compare(v, cause, &view.Page, &view.Form, stored, func(f Form) []ui.Line { return lines(view, f) })
	if err != nil {
		return err
	}
	view.Preview = h.preview(v, view.Form)
	return ui.Render(v, status, EditPage(view))
}

// channels returns the channels that rules choose, with those of the form that the reader
// does not see.
func (h *handlers) channels(v *ui.Request, form Form) ([]ui.Choice, error) {
	seen, err := h.Chat.Channels(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	list := make([]ui.Choice, 0, len(seen))
	for i := range seen {
		list = append(list, ui.Choice{Value: seen[i].ID, Label: seen[i].Topic})
	}
	for _, action := range available {
		for _, channelID := range form.Actions[action].Channels {
			if !slices.ContainsFunc(list, func(c ui.Choice) bool { return c.Value == channelID }) {
				list = append(list, ui.Choice{Value: channelID, Label: v.T("Hidden or deleted channel")})
			}
		}
	}
	return list, nil
}

// fields returns the fields for a text about the member.
func (h *handlers) fields(v *ui.Request) ([]ui.Choice, error) {
	found, err := h.Rules.TextFields(v.Context(), v.Actor, v.Community.ID)
	list := []ui.Choice{{Value: "", Label: "–"}}
	for i := range found {
		list = append(list, ui.Choice{Value: found[i].ID, Label: found[i].Name})
	}
	return list, err
}

// showPreview answers a script with what members earn by the form.
func (h *handlers) showPreview(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("XP rules"), "xp-rules", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, Preview(p, h.preview(v, readForm(v))))
}

// preview returns the settings of a form, nil if it is not valid.
func (h *handlers) preview(v *ui.Request, form Form) *rule.Settings {
	s, err := h.Rules.Preview(v.Context(), v.Actor, v.Community.ID, form.change())
	if err != nil {
		return nil
	}
	return &s
}
