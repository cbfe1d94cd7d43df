package badge

import (
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/progress/application"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/conditions"
)

// goal is what a badge is awarded for.
func goal(p ui.Page, b badge.Badge) string {
	switch b.Action {
	case condition.Messages:
		return p.Reader.Count(b.Quantity, "%d message", "%d messages")
	case condition.Replies:
		return p.Reader.Count(b.Quantity, "%d reply", "%d replies")
	case condition.Reactions:
		return p.Reader.Count(b.Quantity, "%d reaction", "%d reactions")
	case condition.VisitStreak:
		return p.Reader.Count(b.Quantity, "%d day in a row with a visit", "%d days in a row with a visit")
	}
	return p.T(ui.LabelOf(actions, b.Action))
}

// ownState is what the reader has of a badge.
func ownState(p ui.Page, one Row) string {
	met := 0
	for _, step := range one.Own.Progress {
		if step.Met {
			met++
		}
	}
	switch {
	case one.Own.AwardedAt != 0:
		return p.T("You have it")
	case one.Pending:
		return p.T("You have applied")
	case len(one.Own.Progress) == 1 && one.Own.Progress[0].Action != "":
		value, _ := one.Own.Progress[0].Value.(int64)
		needed, _ := one.Own.Progress[0].Needed.(int64)
		return p.T("%[1]s of %[2]s", p.Reader.Number(min(value, needed)), p.Reader.Number(needed))
	case len(one.Own.Progress) > 0:
		return p.T("%[1]s of %[2]s", p.Reader.Number(int64(met)), p.Reader.Number(int64(len(one.Own.Progress))))
	}
	return p.T("Not yet")
}

// reward is what a badge pays; "": nothing.
func reward(p ui.Page, b badge.Badge) string {
	switch r := b.Reward(); {
	case r.XP > 0 && r.Coins > 0:
		return p.T("Pays %[1]s XP and %[2]s coins.", p.Reader.Number(r.XP), p.Reader.Number(r.Coins))
	case r.XP > 0:
		return p.T("Pays %s XP.", p.Reader.Number(r.XP))
	case r.Coins > 0:
		return p.T("Pays %s coins.", p.Reader.Number(r.Coins))
	}
	return ""
}

// evaluation is the state of the evaluation of a badge.
func evaluation(p ui.Page, e badge.Evaluation) string {
	checked, awarded := p.Reader.Number(e.Checked), p.Reader.Number(e.Awarded)
	switch e.State {
	case badge.Running:
		return p.T("Evaluation in progress: %[1]s members checked, %[2]s awarded.", checked, awarded)
	case badge.Failed:
		return p.T("The evaluation failed after %[1]s members. Start it again.", checked)
	}
	return p.T("Last evaluation: %[1]s members checked, %[2]s awarded.", checked, awarded)
}

// reachedText is how many members meet the conditions; "" without a preview.
func reachedText(p ui.Page, preview *count.Preview) string {
	switch {
	case preview == nil:
		return ""
	case preview.Partial:
		return p.T("Of the first %[1]s members %[2]s have reached this.", p.Reader.Number(preview.Checked), p.Reader.Number(preview.Reached))
	}
	return p.Reader.Count(preview.Reached, "%d member has reached this.", "%d members have reached this.")
}

// applicant names the member of an application.
func applicant(p ui.Page, one application.Application) string {
	if one.Member.ID == "" {
		return p.T("Deleted member")
	}
	return one.Member.Username
}

// editAddress is the address of the form of the editor.
func editAddress(v EditView) string {
	if v.Row.ID == "" {
		return "/badges"
	}
	return "/badges/" + v.Row.ID
}

// lines are the values of a form in words.
func lines(v EditView, f Form) []ui.Line {
	list := []ui.Line{{Key: "title", Label: v.T("Title"), Text: f.Title}, {Key: "description", Label: v.T("Description"), Text: f.Description}, {Key: "action", Label: v.T("Awarded for"), Text: v.Chosen(v.Choices(actions), f.Action)}}
	switch f.Action {
	case badge.Custom:
		list = append(list, ui.YesNo(v.Page, "attachment", v.T("An application needs an image"), f.Attachment))
	case badge.ByConditions:
		list = append(list, conditions.Line(v.Page, f.Conditions, v.Subjects))
	default:
		list = append(list, ui.Line{Key: "quantity", Label: v.T("Number needed"), Text: f.Quantity})
	}
	return append(list, ui.Line{Key: "xp", Label: v.T("XP"), Text: f.XP}, ui.Line{Key: "coins", Label: v.T("Coins"), Text: f.Coins})
}
