package milestone

import (
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/completion"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/conditions"
)

// statuses are the labels of the statuses of a member's milestones.
var statuses = []ui.Choice{
	{Value: completion.Upcoming, Label: i18n.Key("milestones|Upcoming")},
	{Value: completion.Open, Label: i18n.Key("milestones|Open")},
	{Value: completion.Done, Label: i18n.Key("milestones|Completed")},
	{Value: completion.Expired, Label: i18n.Key("milestones|Expired")},
}

// groupName is the heading of a group.
func groupName(p ui.Page, name string) string {
	if name == "" {
		return p.T("Without a group")
	}
	return name
}

// factor formats the factor of a boost.
func factor(b milestone.Boost) string {
	return strconv.FormatFloat(float64(b.Tenths)/10, 'f', -1, 64)
}

// rewards names what a milestone pays; "": nothing.
func rewards(p ui.Page, r milestone.Reward, badge string) string {
	var list []string
	if r.XP > 0 {
		list = append(list, p.T("%s XP", p.Reader.Number(r.XP)))
	}
	if r.Coins > 0 {
		list = append(list, p.T("%s coins", p.Reader.Number(r.Coins)))
	}
	if r.BadgeID != "" && badge != "" {
		list = append(list, p.T("the badge %s", badge))
	}
	return p.Reader.List(list)
}

// paid is what a milestone pays the reader, or has paid.
func paid(p ui.Page, one Row) string {
	if c := one.Completion; c != nil {
		text := rewards(p, c.Paid, one.Badge)
		switch {
		case text == "":
			return ""
		case c.Boosted:
			return p.T("You got %s, boosted.", text)
		}
		return p.T("You got %s.", text)
	}
	if text := rewards(p, one.Reward, one.Badge); text != "" {
		return p.T("Reward: %s.", text)
	}
	return ""
}

// clockTime formats a time to the minute.
func clockTime(p ui.Page, ms int64) string { return p.Reader.Day(ms) + ", " + p.Reader.Clock(ms) }

// boost is the boost that the reader still has; "": none.
func boost(p ui.Page, one Row) string {
	text := strings.ReplaceAll(factor(one.Boost), ".", p.T("decimal mark|."))
	switch {
	case !one.Boosts:
		return ""
	case one.BoostEnd == 0:
		return p.T("XP and coins are multiplied by %s.", text)
	}
	return p.T("XP and coins are multiplied by %[1]s until %[2]s.", text, clockTime(p, one.BoostEnd))
}

// when is the time of a milestone of the reader; "": always.
func when(p ui.Page, one Row) string {
	switch {
	case one.Completion != nil:
		return p.T("Completed on %s.", clockTime(p, one.Completion.At))
	case one.Status == completion.Upcoming:
		return p.T("Starts on %s.", clockTime(p, one.StartsAt))
	case one.Status == completion.Expired:
		return p.T("Ended on %s.", clockTime(p, one.EndsAt))
	case one.EndsAt != 0:
		return p.T("Ends on %s.", clockTime(p, one.EndsAt))
	}
	return ""
}

// state is the state of a milestone for those who manage it.
func state(p ui.Page, m milestone.Milestone, now int64) string {
	switch {
	case !m.Enabled:
		return p.T("Disabled")
	case m.Ended(now):
		return p.T("Ended on %s.", p.Reader.Day(m.EndsAt))
	case m.StartsAt > now:
		return p.T("Starts on %s.", p.Reader.Day(m.StartsAt))
	case m.EndsAt != 0:
		return p.T("Ends on %s.", p.Reader.Day(m.EndsAt))
	}
	return p.T("Enabled")
}

// evaluation is the state of the check of all members; "": there was none.
func evaluation(p ui.Page, e milestone.Evaluation) string {
	checked, completed := p.Reader.Number(e.Checked), p.Reader.Number(e.Completed)
	switch e.State {
	case milestone.Evaluating:
		return p.T("Check of all members in progress: %[1]s checked, %[2]s milestones completed.", checked, completed)
	case milestone.Failed:
		return p.T("The check of all members failed after %s. Save a milestone to start it again.", checked)
	case milestone.Evaluated:
		return p.T("Last check of all members: %[1]s checked, %[2]s milestones completed.", checked, completed)
	}
	return ""
}

// reachedText is how many members would complete a milestone.
func reachedText(p ui.Page, preview count.Preview) string {
	if preview.Partial {
		return p.T("Of the first %[1]s members %[2]s would complete this now.", p.Reader.Number(preview.Checked), p.Reader.Number(preview.Reached))
	}
	return p.Reader.Count(preview.Reached, "%d member would complete this now.", "%d members would complete this now.")
}

// editAddress is the address of the form of the editor.
func editAddress(v EditView) string {
	if v.Stored.ID == "" {
		return "/milestones"
	}
	return "/milestones/" + v.Stored.ID
}

// lines are the values of a form in words.
func lines(v EditView, f Form) []ui.Line {
	return []ui.Line{
		{Key: "name", Label: v.T("Name"), Text: f.Name},
		{Key: "description", Label: v.T("Description"), Text: f.Description},
		{Key: "group", Label: v.T("Group"), Text: f.Group},
		{Key: "order", Label: v.T("Order"), Text: f.Order},
		conditions.Line(v.Page, f.Conditions, v.Subjects),
		{Key: "xp", Label: v.T("XP"), Text: f.XP},
		{Key: "coins", Label: v.T("Coins"), Text: f.Coins},
		{Key: "badge", Label: v.T("Badge"), Text: v.Chosen(v.Badges, f.Badge)},
		{Key: "factor", Label: v.T("Boost"), Text: f.Factor},
		{Key: "hours", Label: v.T("Hours of the boost"), Text: f.Hours},
		{Key: "from", Label: v.T("First day"), Text: f.From},
		{Key: "until", Label: v.T("Last day"), Text: f.Until},
		ui.YesNo(v.Page, "enabled", v.T("Enabled"), f.Enabled),
	}
}
