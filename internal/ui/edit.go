package ui

import (
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// Edit are the hidden inputs of an editor, from which a save that came too late shows the
// difference. A form embeds it, outside of its JSON.
type Edit struct {
	Version string // "": the form is of something new
	Opened  string // the form as it was opened, as JSON
	Own     string // the form of the reader as JSON, while the page shows the saved one
}

// ReadEdit returns the hidden inputs of a request.
func ReadEdit(v *Request) Edit {
	return Edit{Version: v.FormValue("version"), Opened: v.FormValue("opened"), Own: v.FormValue("own")}
}

func (e *Edit) hidden() *Edit { return e }

// Editable is a pointer to a form that embeds Edit.
type Editable[F any] interface {
	*F
	hidden() *Edit
}

// Line is a value of a form in words. Key names it in all versions of the form.
type Line struct{ Key, Label, Text string }

// YesNo returns the line of a checkbox.
func YesNo(p Page, key, label string, checked bool) Line {
	if checked {
		return Line{key, label, p.T("Yes")}
	}
	return Line{key, label, p.T("No")}
}

// Conflict are the differences between the form of the reader and what was saved after it
// was opened.
type Conflict struct {
	Differences []Difference
	ShowsSaved  bool // the page shows the saved values, not those of the reader
}

// Difference is a value that the reader or the other save changed. A text of nil: the form
// has no such value.
type Difference struct {
	Label              string
	Opened, Saved, Own *string
}

// Loads reports whether a form asks for the other version and not for a save.
func Loads(v *Request) bool { return v.PostFormValue("load") != "" }

// Inputs selects the inputs of a form for a preview, which needs none of Edit.
func Inputs(form string) string { return "#" + form + " [name]:not(button, [name=opened], [name=own])" }

// Compare completes the hidden inputs of a form. It returns the differences if the form is
// rejected with cause as stale, or asks for one of the versions: then the page shows this
// one in place of its alert, and the next save replaces what is saved now.
func Compare[F any, P Editable[F]](v *Request, cause error, page *Page, form P, stored func() (F, error), lines func(F) []Line) (*Conflict, error) {
	edit := *form.hidden()
	if !Loads(v) && !errs.Is(cause, "stale_version") {
		if cause == nil && edit.Opened == "" {
			form.hidden().Opened = encoded(*form)
		}
		return nil, nil
	}
	saved, err := stored()
	if err != nil {
		return nil, err
	}
	own, opened := *form, saved
	load := v.PostFormValue("load")
	if load == "own" {
		decode(edit.Own, &own)
	}
	decode(edit.Opened, &opened)
	c := &Conflict{ShowsSaved: load == "saved", Differences: differences(lines(opened), lines(saved), lines(own))}
	next := Edit{Version: P(&saved).hidden().Version, Opened: edit.Opened}
	if c.ShowsSaved {
		next.Own = encoded(own)
		own = saved
	}
	*form = own
	*form.hidden() = next
	page.Alert = Alert{}
	return c, nil
}

func encoded(form any) string {
	text, err := json.Marshal(form)
	if err != nil {
		return "" // forms are texts
	}
	return string(text)
}

// decode reads a form into target, which stays if the text is not a form.
func decode[F any](text string, target *F) {
	var form F
	if json.Unmarshal([]byte(text), &form) == nil {
		*target = form
	}
}

// differences returns the values of which one version differs from another, in the order of
// the saved ones.
func differences(opened, saved, own []Line) []Difference {
	var found []Difference
	seen := map[string]bool{}
	for _, list := range [][]Line{saved, own, opened} {
		for _, one := range list {
			if seen[one.Key] {
				continue
			}
			seen[one.Key] = true
			d := Difference{one.Label, textOf(opened, one.Key), textOf(saved, one.Key), textOf(own, one.Key)}
			if d.SavedChanged() || !same(d.Own, d.Saved) {
				found = append(found, d)
			}
		}
	}
	return found
}

// SavedChanged reports whether the other save changed the value.
func (d Difference) SavedChanged() bool { return !same(d.Opened, d.Saved) }

func textOf(list []Line, key string) *string {
	for i := range list {
		if list[i].Key == key {
			return new(strings.TrimSpace(strings.ReplaceAll(list[i].Text, "\r\n", "\n")))
		}
	}
	return nil
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
