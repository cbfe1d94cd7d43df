package member

import (
	"net/url"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/ui"
)

// maxFilters is how many filters of fields an address may have.
const maxFilters = 20

// The comparisons of a Filter in an address.
const (
	filterIs  = "is"
	filterMin = "min"
	filterMax = "max"
)

// Filter is a filter by a field. In an address, spaces separate its parts; ids
// contain none.
type Filter struct{ Comparison, FieldID, Value string }

func parseFilter(text string) (f Filter, ok bool) {
	var rest string
	f.Comparison, rest, _ = strings.Cut(text, " ")
	f.FieldID, f.Value, ok = strings.Cut(rest, " ")
	return f, ok && slices.Contains([]string{filterIs, filterMin, filterMax}, f.Comparison)
}

func (f Filter) text() string { return f.Comparison + " " + f.FieldID + " " + f.Value }

// addedFilter is the filter in the form.
func addedFilter(from url.Values) (string, bool) {
	f := Filter{from.Get("compare"), from.Get("field"), strings.TrimSpace(from.Get("value"))}
	_, ok := parseFilter(f.text())
	return f.text(), ok && f.FieldID != "" && f.Value != ""
}

func (q Query) withFilter(text string) Query {
	q.Page = 1
	if !slices.Contains(q.Filters, text) {
		q.Filters = append(slices.Clone(q.Filters), text)
	}
	return q
}

func (q Query) withoutFilter(text string) Query {
	q.Page = 1
	q.Filters = slices.DeleteFunc(slices.Clone(q.Filters), func(one string) bool { return one == text })
	return q
}

func (q Query) withState(state string) Query {
	q.State, q.Page = state, 1
	return q
}

// exported is the state of an export of all results.
func (q Query) exported() []ui.Choice {
	q.Page, q.Columns, q.Order = 1, nil, ""
	return q.state()
}

// query is the query of the address.
func (q Query) query() string {
	_, query, _ := strings.Cut(q.OnPage(1), "?")
	return query
}

// FilterChip is a filter of a field that is on.
type FilterChip struct {
	What, Value string
	Without     Query
}

// filter returns the filter of the query, its field filters as chips, and an
// alert for invalid ones, which match no member.
func (q Query) filter(v *ui.Request, asking directory.FilterFields) (directory.Filter, []FilterChip, ui.Alert) {
	f := directory.Filter{Search: q.Search, RoleID: q.RoleID, TagID: q.TagID, JobID: q.JobID, State: q.State, Claim: q.claim(), Sort: q.Order}
	var chips []FilterChip
	var wrong ui.Alert
	for _, text := range q.Filters {
		asked, ok := parseFilter(text)
		field := asking.Field(asked.FieldID)
		if !ok || field == nil {
			continue // of a deleted field
		}
		chip := FilterChip{What: fieldLabel(v.T, field), Value: asked.Value, Without: q.withoutFilter(text)}
		var given any = asked.Value
		switch {
		case field.ID == isOnline:
			chip.Value = onlineName(v.T, asked.Value == "true")
		case asked.Comparison == filterMin:
			chip.Value, given = "≥ "+asked.Value, map[string]any{"gte": asked.Value}
		case asked.Comparison == filterMax:
			chip.Value, given = "≤ "+asked.Value, map[string]any{"lte": asked.Value}
		}
		conditions, err := asking.Conditions(map[string]any{field.ID: given})
		if e := errs.From(err); e != nil {
			wrong.Message = v.T("A filter cannot be used.")
			wrong.Points = append(wrong.Points, v.T("%[1]s: %[2]s", chip.What, ui.FieldError(v.Context(), e.Fields[0])))
		}
		f.Where, chips = append(f.Where, conditions...), append(chips, chip)
	}
	return f, chips, wrong
}

// filterFields are the fields that can be filtered by; roles and tags have
// their own ways.
func filterFields(r ui.Reader, fields []field.Field) []ui.Choice {
	var choices []ui.Choice
	for _, f := range directory.NewFilterFields(fields, directory.FilterNames{}).All() {
		if f.Type != field.RoleList && f.Type != field.TagList && f.Field != field.UserID && f.ID != field.ClaimedName && f.ID != isOnline {
			choices = append(choices, ui.Choice{Value: f.ID, Label: fieldLabel(r.T, f)})
		}
	}
	return choices
}

// fieldLabel is what people call a field, the default ones in their language.
func fieldLabel(say func(string, ...any) string, f *field.Field) string {
	if !f.Default {
		return f.Name
	}
	switch f.Field {
	case field.FirstName:
		return say(i18n.Key("First Name"))
	case field.LastName:
		return say(i18n.Key("Last Name"))
	case field.Username:
		return say(i18n.Key("Username"))
	case field.EmailName:
		return say(i18n.Key("Email"))
	case field.PhoneName:
		return say(i18n.Key("Phone"))
	case field.CountryName:
		return say(i18n.Key("Country"))
	case field.LanguageName:
		return say(i18n.Key("Language"))
	case field.DisplayName:
		return say(i18n.Key("Display name"))
	case field.JoinDate:
		return say(i18n.Key("Joined"))
	case field.Number:
		return say(i18n.Key("Member number"))
	case field.ExternalID:
		return say(i18n.Key("External id"))
	}
	return figureLabel(say, f)
}

// isOnline is the id of the field whose filter is chosen by a link.
const isOnline = field.IsOnline

// figureLabel is fieldLabel of a figure.
func figureLabel(say func(string, ...any) string, f *field.Field) string {
	switch f.Field {
	case field.TotalMessages:
		return say(i18n.Key("Messages"))
	case field.ReplySent:
		return say(i18n.Key("Replies"))
	case field.TotalReactions:
		return say(i18n.Key("Reactions"))
	case field.VisitCount:
		return say(i18n.Key("Visits"))
	case field.TimeSpent:
		return say(i18n.Key("Minutes here"))
	case field.LoginStreak:
		return say(i18n.Key("Login streak"))
	case field.XP:
		return say(i18n.Key("XP"))
	case field.Coins:
		return say(i18n.Key("Coins"))
	case field.PremiumCurrency:
		return say(i18n.Key("Premium currency"))
	case field.XPEarnedToday:
		return say(i18n.Key("XP earned today"))
	case field.CoinsEarnedToday:
		return say(i18n.Key("Coins earned today"))
	case field.IsOnline:
		return say(i18n.Key("Last visit here"))
	case field.Tier:
		return say(i18n.Key("Tier"))
	case field.Badge:
		return say(i18n.Key("Badges"))
	}
	return f.Name
}

// onlineFilter is the text of the filter by isOnline.
func onlineFilter(value string) string { return Filter{filterIs, isOnline, value}.text() }

// figureText is a value of Figures as people read it.
func figureText(p ui.Page, f figure.Figures, name string) string {
	switch value := f.Value(name).(type) {
	case int64:
		return p.Reader.Number(value)
	case []string:
		return strings.Join(value, ", ")
	}
	if f.Tier.ID == "" {
		return ""
	}
	return p.T("%[1]s %[2]d", f.Tier.Name, f.Tier.Level)
}

// onlineName is the label of a filter by members who are online, or not.
func onlineName(say func(string, ...any) string, online bool) string {
	if online {
		return say(i18n.Key("Online"))
	}
	return say(i18n.Key("Offline"))
}

// labelNames are the names of some roles and tags, for a form to suggest.
func labelNames(names member.Names) []string {
	var list []string
	for _, byID := range []map[string]string{names.Roles, names.Tags} {
		for _, name := range byID {
			if name != everyone {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return ui.FirstN(slices.Compact(list), 200)
}
