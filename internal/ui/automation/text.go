package automation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ui"
)

// types are the labels of the types of actions.
var types = []ui.Choice{
	{Value: "", Label: i18n.Key("No action")},
	{Value: automation.Grant, Label: i18n.Key("Post XP or coins")},
	{Value: automation.Role, Label: i18n.Key("Change a role")},
	{Value: automation.Tag, Label: i18n.Key("Change a tag")},
	{Value: automation.Field, Label: i18n.Key("Change a field")},
	{Value: automation.Badge, Label: i18n.Key("Award a badge")},
	{Value: automation.Message, Label: i18n.Key("Send a message")},
}

var units = []ui.Choice{{Value: string(ledger.Coins), Label: i18n.Key("Coins")}, {Value: string(ledger.XP), Label: i18n.Key("XP")}, {Value: string(ledger.Premium), Label: i18n.Key("Premium currency")}}

var (
	ops     = []ui.Choice{{Value: automation.Add, Label: i18n.Key("Add")}, {Value: automation.Remove, Label: i18n.Key("Remove")}}
	changes = []ui.Choice{{Value: automation.Set, Label: i18n.Key("Set")}, {Value: automation.Add, Label: i18n.Key("Add a number")}, {Value: automation.Subtract, Label: i18n.Key("Subtract a number")}}
)

// events are the labels of the types of events.
var events = []ui.Choice{
	{Value: "badge.applied", Label: i18n.Key("A member applied for a badge")},
	{Value: "badge.awarded", Label: i18n.Key("A badge was awarded")},
	{Value: "badge.removed", Label: i18n.Key("A badge was removed")},
	{Value: "bulk_job.finished", Label: i18n.Key("A bulk job ended")},
	{Value: "channel.created", Label: i18n.Key("A channel was created")},
	{Value: "channel.deleted", Label: i18n.Key("A channel was deleted")},
	{Value: "channel.updated", Label: i18n.Key("A channel was changed")},
	{Value: "ledger.posted", Label: i18n.Key("An entry was posted in the ledger")},
	{Value: "ledger.sealed", Label: i18n.Key("The ledger was sealed")},
	{Value: "members.imported", Label: i18n.Key("Members were imported or updated")},
	{Value: "message.deleted", Label: i18n.Key("A message was deleted")},
	{Value: "message.posted", Label: i18n.Key("A message was posted")},
	{Value: "message.updated", Label: i18n.Key("A message was changed or pinned")},
	{Value: "milestone.completed", Label: i18n.Key("A member completed a milestone")},
	{Value: "reaction.added", Label: i18n.Key("A member reacted to a message")},
	{Value: "reaction.removed", Label: i18n.Key("A reaction was removed")},
	{Value: "tier.lost", Label: i18n.Key("A member lost a level")},
	{Value: "tier.reached", Label: i18n.Key("A member reached a level")},
	{Value: "topic.created", Label: i18n.Key("A topic was created")},
	{Value: "topic.deleted", Label: i18n.Key("A topic was deleted")},
	{Value: "topic.updated", Label: i18n.Key("A topic was changed")},
	{Value: "user.joined_server", Label: i18n.Key("A member joined")},
	{Value: "user.left_server", Label: i18n.Key("A member left")},
	{Value: "user.restored", Label: i18n.Key("A member was restored")},
	{Value: "user.role_added", Label: i18n.Key("A role was assigned")},
	{Value: "user.role_removed", Label: i18n.Key("A role was removed")},
	{Value: "user.updated", Label: i18n.Key("Fields of a member were changed")},
	{Value: "user.visited_server", Label: i18n.Key("A member visited the community")},
}

// reasons are the labels of the reasons in the log.
var reasons = []ui.Choice{
	{Value: "per_member", Label: i18n.Key("The limit for a member is reached.")},
	{Value: "per_day", Label: i18n.Key("The limit for a day is reached.")},
	{Value: "depth", Label: i18n.Key("Five automations had triggered each other.")},
	{Value: "insufficient_balance", Label: i18n.Key("The balance was not sufficient.")},
	{Value: "role_not_allowed", Label: i18n.Key("The role has server permissions.")},
	{Value: "user_not_found", Label: i18n.Key("The member was not active.")},
	{Value: "member_suspended", Label: i18n.Key("The member was suspended.")},
	{Value: "channel_not_found", Label: i18n.Key("The channel was deleted.")},
	{Value: "badge_not_found", Label: i18n.Key("The badge was deleted.")},
	{Value: "role_not_found", Label: i18n.Key("The role was deleted.")},
	{Value: "tag_not_found", Label: i18n.Key("The tag was deleted.")},
	{Value: "field_not_found", Label: i18n.Key("The field was deleted.")},
}

// eventName is the label of a type of events; its name without one.
func eventName(translate func(string, ...any) string, name string) string {
	for _, one := range events {
		if one.Value == name {
			return translate(one.Label)
		}
	}
	return name
}

// reasonText is the reason of an outcome.
func reasonText(p ui.Page, reason string) string {
	if detail, ok := strings.CutPrefix(reason, "condition_failed: "); ok {
		return p.T("The condition could not be evaluated: %s", detail)
	}
	for _, one := range reasons {
		if one.Value == reason {
			return p.T(one.Label)
		}
	}
	return reason
}

// actionNames are the labels of the actions of an automation, in their order.
func actionNames(p ui.Page, list []automation.Action) string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = p.T(ui.LabelOf(types, list[i].Type))
	}
	return strings.Join(names, ", ")
}

// resultNames is actionNames for results.
func resultNames(p ui.Page, list []firing.Result) string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = p.T(ui.LabelOf(types, list[i].Type))
	}
	return strings.Join(names, ", ")
}

// textOf is the message among the results.
func textOf(list []firing.Result) string {
	for _, one := range list {
		if one.Text != "" {
			return one.Text
		}
	}
	return ""
}

func actionAt(f Form, i int) Action {
	if i < len(f.Actions) {
		return f.Actions[i]
	}
	return Action{Unit: string(ledger.Coins), Op: automation.Add, Change: automation.Set}
}

// wrong is the error of a part of an action; "": none.
func wrong(v EditView, i int, part string) string {
	return v.Errors[fmt.Sprintf("actions[%d].%s", i, part)]
}

// editAddress is the address of the form of the editor.
func editAddress(v EditView) string {
	if v.ID == "" {
		return "/automations"
	}
	return "/automations/" + v.ID
}

// testedText is how many events would have triggered the automation.
func testedText(p ui.Page, t *firing.Trial) string {
	if t.Examined == 0 {
		return p.T("There are no past events of this type.")
	}
	return p.T("Of the newest %[1]s events %[2]s would have triggered it.", p.Reader.Number(t.Examined), p.Reader.Number(t.Matched))
}

// lines are the values of a form in words.
func lines(v EditView, f Form) []ui.Line {
	list := []ui.Line{
		{Key: "name", Label: v.T("Name"), Text: f.Name},
		ui.YesNo(v.Page, "enabled", v.T("Enabled"), f.Enabled),
		{Key: "event", Label: v.T("Event"), Text: eventName(v.T, f.Event)},
		{Key: "condition", Label: v.T("Condition"), Text: f.Condition},
		{Key: "perMember", Label: v.T("At most per member"), Text: f.PerMember},
		{Key: "perDay", Label: v.T("At most per day"), Text: f.PerDay},
	}
	if f.Event == firstEvent {
		list = append(list, ui.YesNo(v.Page, "includeImports", v.T("Imported members trigger it too"), f.IncludeImports))
	}
	for i, a := range f.Actions {
		list = append(list, ui.Line{Key: "action " + strconv.Itoa(i), Label: v.T("Action %d", i+1), Text: actionText(v, a)})
	}
	return list
}

// actionText is an action of a form in words.
func actionText(v EditView, a Action) string {
	parts := []string{v.Chosen(v.Page.Choices(types), a.Type)}
	switch a.Type {
	case automation.Grant:
		parts = append(parts, a.Amount, v.Chosen(v.Page.Choices(units), a.Unit), a.Reason)
	case automation.Role:
		parts = append(parts, v.Chosen(v.Page.Choices(ops), a.Op), v.Chosen(v.Choices.Roles, a.RoleID))
	case automation.Tag:
		parts = append(parts, v.Chosen(v.Page.Choices(ops), a.Op), v.Chosen(v.Choices.Tags, a.TagID))
	case automation.Field:
		parts = append(parts, v.Chosen(v.Choices.Fields, a.FieldID), v.Chosen(v.Page.Choices(changes), a.Change), a.Value)
	case automation.Badge:
		parts = append(parts, v.Chosen(v.Choices.Badges, a.BadgeID))
	case automation.Message:
		parts = append(parts, v.Chosen(v.Choices.Channels, a.ChannelID), a.Message)
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}
