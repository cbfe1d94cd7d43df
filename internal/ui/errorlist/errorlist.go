// Package errorlist shows the errors of a bulk job by column, code and value, and
// links to the rows of each group.
package errorlist

import (
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

const (
	shownGroups = 50 // of a job
	shownValues = 5  // of a group
)

// Input is the errors of a job and the addresses of its pages.
type Input struct {
	Groups   bulk.ErrorGroups
	Failed   int64  // rows
	Page     string // address of the page with the rows
	Download string // address of the file of failed rows
	Selected bulk.ErrorFilter
	Draft    *Draft        // of a check in the wizard; nil: no remedies
	Options  *bulk.Options // of the job; nil: no advice
}

// New returns the view of the errors of a job.
func New(v *ui.Request, in Input) View {
	view := View{Draft: in.Draft, Page: in.Page, Failed: in.Failed, Others: ui.Remaining(in.Groups.List, shownGroups)}
	if in.Groups.Counted < in.Failed {
		view.Counted = in.Groups.Counted
	}
	selected := in.Selected
	for i := range in.Groups.List {
		g := &in.Groups.List[i]
		if selected.Code == g.Code && selected.Column != nil && *selected.Column == g.Column {
			view.Selected.Text = selectedText(v, g, selected.Value)
		}
		if i < shownGroups {
			view.Groups = append(view.Groups, groupView(v, in, g))
		}
	}
	if !selected.IsZero() {
		view.Selected.Download = withQuery(in.Download, Selection{Errors: selected}.query())
		if view.Selected.Text == "" {
			view.Selected.Text = v.T("Rows with selected errors")
		}
	}
	return view
}

func groupView(v *ui.Request, in Input, g *bulk.ErrorGroup) GroupView {
	of := bulk.ErrorFilter{Code: g.Code, Column: &g.Column}
	p := GroupView{
		Column: g.Column, Message: message(v, g), Count: g.Rows, FirstLine: g.FirstLine, Others: ui.Remaining(g.Values, shownValues) + g.OtherValues, More: g.MoreValues,
		Show: Selection{"failed", of}.Address(in.Page, ""), Download: withQuery(in.Download, Selection{Errors: of}.query()),
	}
	for _, value := range ui.FirstN(g.Values, shownValues) {
		one := of
		one.Value = &value.Text
		p.Values = append(p.Values, ValueView{Text: value.Text, Count: value.Rows, Show: Selection{"failed", one}.Address(in.Page, "")})
	}
	p.addRemedies(v, in, g)
	return p
}

// generalTexts are messages for groups with different values.
var generalTexts = map[string]string{
	"unknown_tag":    i18n.Key("These tags do not exist."),
	"unknown_role":   i18n.Key("These roles do not exist."),
	"role_protected": i18n.Key("An import without a credential cannot assign these roles."),
}

// message is the message of a group, without a value if there are several.
func message(v *ui.Request, g *bulk.ErrorGroup) string {
	if text := generalTexts[g.Code]; text != "" && !g.Same {
		return v.T(text)
	}
	return ui.Translate(v.Context(), g.Message)
}

func selectedText(v *ui.Request, g *bulk.ErrorGroup, value *string) string {
	text := message(v, g)
	if g.Column != "" {
		text = g.Column + ": " + text
	}
	if value != nil {
		text += " " + v.T("Its text: %s", *value)
	}
	return text
}

// title names a group for screen readers.
func (g GroupView) title() string {
	if g.Column == "" {
		return g.Message
	}
	return g.Column + ": " + g.Message
}

// othersText is the number of values that are not shown.
func (g GroupView) othersText(r ui.Reader) string {
	if g.More {
		return r.T("more than %s other values", r.Number(int64(g.Others)))
	}
	return r.Count(int64(g.Others), "%d other value", "%d other values")
}

// countedText says that the groups are not of all failed rows.
func (v View) countedText(r ui.Reader) string {
	return r.T("These are the errors of the first %[1]s of %[2]s failed rows. Reload the page in a moment: all are being counted.", r.Number(v.Counted), r.Number(v.Failed))
}
