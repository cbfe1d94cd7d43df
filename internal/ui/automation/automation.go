package automation

import (
	"net/http"
	"slices"

	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// ListView are the automations of a community.
type ListView struct {
	ui.Page
	List []automation.Automation
}

func (h *handlers) showList(v *ui.Request) error {
	list, _, err := h.Automations.List(v.Context(), v.Actor, v.Community.ID, "", automation.MaxAutomations)
	if err != nil {
		return err
	}
	view := ListView{List: list}
	if view.Page, err = h.Page(v, i18n.Key("Automations"), "automations", i18n.Key("What follows from events, such as a bonus for new members.")); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, ListPage(view))
}

// LogView is the log of an automation.
type LogView struct {
	ui.Page
	Automation automation.Automation
	Outcome    string // "": all
	Entries    []firing.Entry
	Next       string // address of the next part; "": none
}

// outcomes are the labels of the outcomes of firings.
var outcomes = []ui.Choice{
	{Value: "", Label: i18n.Key("outcomes|All")},
	{Value: firing.Done, Label: i18n.Key("outcomes|Done")},
	{Value: firing.Skipped, Label: i18n.Key("outcomes|Skipped")},
	{Value: firing.Failed, Label: i18n.Key("outcomes|Failed")},
}

func (h *handlers) showLog(v *ui.Request) error {
	automationID := v.PathValue("automation")
	found, err := h.Automations.Get(v.Context(), v.Actor, v.Community.ID, automationID)
	if err != nil {
		return err
	}
	view := LogView{Automation: found, Outcome: v.URL.Query().Get("outcome")}
	if !slices.Contains(firing.Outcomes, view.Outcome) {
		view.Outcome = ""
	}
	list, next, err := h.Firings.Log(v.Context(), v.Actor, v.Community.ID, automationID, view.Outcome, v.URL.Query().Get("after"), ui.ListLimit)
	if err != nil {
		return err
	}
	if view.Entries = list; next != "" {
		view.Next = v.In("/automations/" + automationID + "/log?outcome=" + view.Outcome + "&after=" + next)
	}
	if view.Page, err = h.Page(v, i18n.Key("Log of the automation"), "automations", i18n.Key("Kept for 30 days.")); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, LogPage(view))
}
