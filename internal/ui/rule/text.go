package rule

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/rule"
	"github.com/regulars/regulars/internal/ui"
)

// actions are the labels of actions.
var actions = []ui.Choice{
	{Value: string(rule.Message), Label: i18n.Key("Messages")},
	{Value: string(rule.Reply), Label: i18n.Key("Replies")},
	{Value: string(rule.Quote), Label: i18n.Key("Replies to replies")},
	{Value: string(rule.Trading), Label: i18n.Key("Discussions of trading")},
	{Value: string(rule.React), Label: i18n.Key("Reactions")},
	{Value: string(rule.Visit), Label: i18n.Key("Visits")},
	{Value: string(rule.Picture), Label: i18n.Key("First picture")},
	{Value: string(rule.AboutMe), Label: i18n.Key("First text about yourself")},
}

// helps say when actions pay.
var helps = []ui.Choice{
	{Value: string(rule.Message), Label: i18n.Key("A message in a channel.")},
	{Value: string(rule.Reply), Label: i18n.Key("A reply to a message.")},
	{Value: string(rule.Quote), Label: i18n.Key("Disabled: they earn what replies earn.")},
	{Value: string(rule.Trading), Label: i18n.Key("Messages in channels for discussions of trading. Disabled: they earn what messages earn.")},
	{Value: string(rule.React), Label: i18n.Key("Each message pays a member once.")},
	{Value: string(rule.Visit), Label: i18n.Key("The first visit of the day.")},
	{Value: string(rule.Picture), Label: i18n.Key("Paid once, for the first picture of the profile.")},
	{Value: string(rule.AboutMe), Label: i18n.Key("Paid once, for the first text in a field that you choose.")},
}

func label(p ui.Page, action rule.Action) string { return p.T(ui.LabelOf(actions, string(action))) }

// errorsOf are the errors of a form by the names of its inputs.
func errorsOf(v *ui.Request, cause error) map[string]string {
	words := ui.Reader{Words: ui.PrinterOf(v.Context())}
	wrong := ui.FieldErrors(v.Context(), cause)
	for name := range wrong {
		switch _, part, _ := strings.Cut(name, "."); part {
		case "xp", "coins":
			wrong[name] = words.T("Enter a whole number from 0 to %s.", words.Number(rule.MaxReward))
		case "time":
			wrong[name] = words.T("Enter a whole number from 0 to %s.", words.Number(rule.MaxCooldown))
		case "dailyCap":
			wrong[name] = words.T("Enter a whole number from 0 to %s, or nothing.", words.Number(rule.MaxCap))
		case "fieldId":
			wrong[name] = words.T("Choose a field for text.")
		}
	}
	return wrong
}

// amount names XP and coins.
func amount(p ui.Page, xp, coins int64) string {
	var parts []string
	if xp > 0 {
		parts = append(parts, p.T("%s XP", p.Reader.Number(xp)))
	}
	if coins > 0 {
		parts = append(parts, p.Reader.Count(coins, "%d coin", "%d coins"))
	}
	return p.Reader.List(parts)
}

// messageText is what a message earns.
func messageText(p ui.Page, preview *rule.Settings) string {
	if preview == nil {
		return p.T("No preview: a value is not valid.")
	}
	r := preview.Rules[rule.Message]
	switch {
	case !preview.Enabled:
		return p.T("Members earn nothing: the rules are disabled.")
	case !r.Enabled || r.XP+r.Coins == 0:
		return p.T("A message earns nothing.")
	}
	return p.T("A message earns %s.", amount(p, r.XP, r.Coins))
}

// uncapped names the actions that pay any number of times a day; "": none.
func uncapped(p ui.Page, day []rule.Earned) string {
	var names []string
	for _, e := range day {
		if !e.Capped {
			names = append(names, label(p, e.Action))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return p.T("Without a daily cap: %s. A member who does more earns more.", p.Reader.List(names))
}

// onceText names what is paid once; "": nothing.
func onceText(p ui.Page, s *rule.Settings) string {
	var names []string
	for _, action := range s.PaidOnce() {
		names = append(names, label(p, action)+" ("+amount(p, s.Rules[action].XP, s.Rules[action].Coins)+")")
	}
	if len(names) == 0 {
		return ""
	}
	return p.T("Paid once: %s.", p.Reader.List(names))
}

// total is what a day earns.
func total(day []rule.Earned) (sum rule.Earned) {
	for _, e := range day {
		sum.XP, sum.Coins = sum.XP+e.XP, sum.Coins+e.Coins
	}
	return sum
}

// wrongIn reports whether a value of an action is wrong.
func wrongIn(v View, action rule.Action) bool {
	for name := range v.Errors {
		if strings.HasPrefix(name, string(action)+".") {
			return true
		}
	}
	return false
}

// lines are the values of a form in words.
func lines(v View, f Form) []ui.Line {
	list := []ui.Line{ui.YesNo(v.Page, "enabled", v.T("Members earn XP and coins"), f.Enabled), ui.YesNo(v.Page, "payKeyMessages", v.T("Pay messages of API keys"), f.PayKeyMessages)}
	for _, action := range available {
		one := f.Actions[action]
		add := func(name, label, text string) {
			list = append(list, ui.Line{Key: inputName(action, name), Label: v.T("%[1]s: %[2]s", v.T(ui.LabelOf(actions, string(action))), label), Text: text})
		}
		paid := ui.YesNo(v.Page, inputName(action, "enabled"), label(v.Page, action), one.Enabled)
		list = append(list, paid)
		add("xp", v.T("XP"), one.XP)
		add("coins", v.T("Coins"), one.Coins)
		if action.HasCooldown() {
			add("time", v.T("Cooldown, in seconds"), one.Time)
		}
		if action.Repeats() {
			add("dailyCap", v.T("Daily cap"), one.DailyCap)
		}
		if action == rule.AboutMe {
			add("fieldId", v.T("Field"), v.Chosen(v.Fields, one.FieldID))
		}
		if action.InChannels() {
			names := make([]string, len(one.Channels))
			for i, channelID := range one.Channels {
				names[i] = v.Chosen(v.Channels, channelID)
			}
			slices.Sort(names)
			add("channels", v.T("Channels"), v.Reader.List(names))
		}
	}
	return list
}
