package automation

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) firingRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: one + "/test", ID: "testAutomation", Summary: "Test an automation", Permissions: manage, Traits: api.ReadOnly,
		Description: "Evaluates the automation for the newest past events of its trigger, with the present values of their members, and changes nothing. `results` are those of the newest 50 events. 404 `automation_not_found`.",
	}, h.test)
	api.Add(g, api.Route{
		Method: "GET", Path: one + "/log", ID: "listAutomationLog", Summary: "List the log of an automation", Permissions: manage,
		Description: "The newest entry first, kept for 30 days, also after the deletion of the automation. `reason` is the code of the error that failed an action, `condition_failed` with a message, or for `skipped` the limit `per_member`, `per_day` or `depth`: five automations in a chain. " +
			"A limit is logged once for each member, and day. 400 `invalid_cursor`, 404 `automation_not_found`.",
	}, h.log)
}

type testInput struct {
	Path
	Body struct {
		api.BodyCommunity
		Events int `json:"events" minimum:"1" maximum:"1000" example:"100" doc:"The number of events to examine."`
	} `nameHint:"AutomationTestInput"`
}

type logQuery struct {
	Path
	wire.CommunityQuery
	wire.CursorInput
	Outcome string `query:"outcome" enum:"done,skipped,failed" doc:"Only entries with this outcome."`
}

type automationTest struct {
	Examined int64                  `json:"examined" example:"100"`
	Matched  int64                  `json:"matched" example:"12"`
	Results  []automationTestResult `json:"results" nullable:"false" doc:"The newest event first."`
}

type automationTestResult struct {
	EventID string                 `json:"eventId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID  *string                `json:"userId" doc:"null: the event has no member."`
	Matched bool                   `json:"matched"`
	Reason  string                 `json:"reason,omitempty" doc:"Why the condition could not be evaluated."`
	Actions []automationTestAction `json:"actions" nullable:"false" doc:"The actions that would follow."`
}

type automationTestAction struct {
	Type    string `json:"type" example:"grant"`
	OK      bool   `json:"ok" doc:"false: a value of the message cannot be read."`
	Message string `json:"message,omitempty" doc:"message: the text."`
}

type automationLogEntry struct {
	ID      string                `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	EventID string                `json:"eventId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID  *string               `json:"userId" doc:"null: the event has no member."`
	At      string                `json:"at" format:"date-time"`
	Outcome string                `json:"outcome" enum:"done,skipped,failed"`
	Reason  string                `json:"reason" example:"per_member" doc:"Empty for done."`
	Actions []automationLogAction `json:"actions" nullable:"false" doc:"Up to the one that failed."`
}

type automationLogAction struct {
	Type string  `json:"type" example:"grant"`
	OK   bool    `json:"ok" doc:"false: the action failed, or was undone because another one failed."`
	Ref  *string `json:"ref" doc:"The _id of the entry, role, tag, field, badge or message."`
}

func (h *handlers) test(ctx context.Context, in *testInput) (*api.Answer[automationTest], error) {
	t, err := h.Firings.Test(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.AutomationID, in.Body.Events)
	if err != nil {
		return nil, err
	}
	results := api.Convert(t.Results, func(one firing.Tried) automationTestResult {
		actions := api.Convert(one.Actions, func(a firing.Result) automationTestAction { return automationTestAction{a.Type, a.OK, a.Text} })
		return automationTestResult{one.EventID, textOrNull(one.UserID), one.Matched, one.Reason, actions}
	})
	return api.Respond("Automation tested", automationTest{t.Examined, t.Matched, results}), nil
}

func (h *handlers) log(ctx context.Context, in *logQuery) (*api.List[automationLogEntry, wire.Cursor], error) {
	list, next, err := h.Firings.Log(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.AutomationID, in.Outcome, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	entries := api.Convert(list, func(e firing.Entry) automationLogEntry {
		actions := api.Convert(e.Actions, func(a firing.Result) automationLogAction { return automationLogAction{a.Type, a.OK, textOrNull(a.Ref)} })
		return automationLogEntry{e.ID, e.EventID, textOrNull(e.UserID), clock.Format(e.At), e.Outcome, e.Reason, actions}
	})
	return api.RespondList("Log of the automation", entries, wire.NewCursor(in.Limit, next)), nil
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
