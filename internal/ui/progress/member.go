package progress

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/operation"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/activity"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/progress/subject"
	"github.com/regulars/regulars/internal/ui"
)

// MemberView is what a member has and why.
type MemberView struct {
	ui.Page
	Who      member.Member
	Own      bool // the reader is the member
	Address  string
	Balances map[ledger.Unit]ledger.Balance
	Place    *Place // nil: the community has no tiers
	Badges   []award.Award
	Unit     ledger.Unit // of the list; "": all
	Rows     []EntryRow
	Range    ui.Range
	Form     PostForm
	Errors   map[string]string
}

// Place is where a member is among the levels.
type Place struct {
	Tier       string // "": below the first threshold
	Level      int64
	From, Next int64 // thresholds; Next 0: this is the highest level
	XP         int64
}

// EntryRow is an entry of the ledger in a list.
type EntryRow struct {
	ledger.Entry
	Why        string // what caused it
	Link       string // to the cause; "": none
	Reversible bool
}

// PostForm are the texts of the form that posts an entry.
type PostForm struct{ Unit, Op, Amount, Reason string }

const entriesShown = 50

// units are the labels of units.
var units = []ui.Choice{
	{Value: string(ledger.XP), Label: i18n.Key("XP")},
	{Value: string(ledger.Coins), Label: i18n.Key("Coins")},
	{Value: string(ledger.Premium), Label: i18n.Key("Premium currency")},
}

// ops are the labels of what a form does to a balance.
var ops = []ui.Choice{
	{Value: operation.Add, Label: i18n.Key("Grant")},
	{Value: operation.Subtract, Label: i18n.Key("Take away")},
	{Value: operation.Overwrite, Label: i18n.Key("Set the balance")},
}

func (h *handlers) showOwn(v *ui.Request) error {
	self, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if errs.Is(err, "user_not_found") { // an owner of the installation may be no member
		p, err := h.Page(v, i18n.Key("My rewards"), "rewards", "")
		if err != nil {
			return err
		}
		return ui.Render(v, http.StatusOK, NoMemberPage(p))
	}
	if err != nil {
		return err
	}
	return h.render(v, self.ID, MemberView{Own: true}, nil)
}

func (h *handlers) showMember(v *ui.Request) error { return h.renderMember(v, PostForm{}, nil) }

// renderMember shows the rewards of the member of the address, with a form.
func (h *handlers) renderMember(v *ui.Request, form PostForm, cause error) error {
	return h.render(v, v.PathValue("user"), MemberView{Form: form}, cause)
}

// render shows the rewards of a member. user is a reference as in Directory.Find.
func (h *handlers) render(v *ui.Request, user string, view MemberView, cause error) (err error) {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if view.Who, view.Balances, _, err = h.Ledger.Balances(v.Context(), v.Actor, v.Community.ID, user, 0); err != nil {
		return err
	}
	title, nav := i18n.Key("My rewards"), "rewards"
	if view.Address = v.In("/rewards"); !view.Own {
		title, nav, view.Address = i18n.Key("Rewards"), "members", v.In("/members/"+view.Who.ID+"/rewards")
	}
	if view.Page, err = h.Page(v, title, nav, ""); err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = refused
	}
	tiers, err := h.Tiers.Get(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Place = placeOf(&tiers, view.Balances[ledger.XP].Posted)
	if view.Badges, _, err = h.Awards.OfMember(v.Context(), v.Actor, v.Community.ID, view.Who.ID, "", ui.ListLimit); err != nil {
		return err
	}
	if err := h.addEntries(v, &view); err != nil {
		return err
	}
	return ui.Render(v, status, MemberPage(view))
}

// placeOf returns the level of an amount of XP, nil without tiers.
func placeOf(s *level.Settings, xp int64) *Place {
	if !s.Active() {
		return nil
	}
	threshold := func(step int) int64 { return s.Tiers[step/level.PerTier].Thresholds[step%level.PerTier] }
	p, step := &Place{XP: xp}, s.Step(xp)
	if step >= 0 {
		p.Tier, p.Level, p.From = s.Tiers[step/level.PerTier].Name, s.Place(step).Level, threshold(step)
	}
	if step+1 < len(s.Tiers)*level.PerTier {
		p.Next = threshold(step + 1)
	}
	return p
}

// addEntries adds a page of the entries.
func (h *handlers) addEntries(v *ui.Request, view *MemberView) error {
	query := v.URL.Query()
	if unit := query.Get("unit"); has(units, unit) {
		view.Unit = ledger.Unit(unit)
	}
	page, _ := strconv.Atoi(query.Get("page")) // invalid: the first page
	page = max(page, 1)
	log, err := h.Activity.Logs(v.Context(), v.Actor, v.Community.ID, subject.Names{Type: "userId", Values: []string{view.Who.ID}}, activity.Filter{Unit: view.Unit, Page: page, Limit: entriesShown})
	if err != nil {
		return err
	}
	for _, e := range log.Entries {
		row := EntryRow{Entry: e, Reversible: !view.Own && e.Source.Type != ledger.FromReversal && e.Source.Type != ledger.FromExpiry}
		row.Why, row.Link = why(view.Page, e, view.Own)
		view.Rows = append(view.Rows, row)
	}
	view.Range = ui.NewRange(page, entriesShown, len(view.Rows), log.Total, log.TotalCapped, func(page int) string {
		return view.unitAddress(view.Unit) + "&page=" + strconv.Itoa(page)
	})
	return nil
}

// unitAddress is the address of the page with the entries of a unit; "": all.
func (v MemberView) unitAddress(unit ledger.Unit) string {
	return v.Address + "?unit=" + url.QueryEscape(string(unit))
}

// has reports whether a value is one of the choices.
func has(choices []ui.Choice, value string) bool {
	return slices.ContainsFunc(choices, func(c ui.Choice) bool { return c.Value == value })
}

// post posts an entry for the member of the address.
func (h *handlers) post(v *ui.Request) error {
	form := PostForm{Unit: v.PostFormValue("unit"), Op: v.PostFormValue("op"), Amount: strings.TrimSpace(v.PostFormValue("amount")), Reason: v.PostFormValue("reason")}
	amount, err := strconv.ParseInt(form.Amount, 10, 64)
	switch {
	case err != nil:
		err = errs.InvalidFields([]errs.Field{errs.Wrong("amount", "invalid_number", "A whole number is expected.")})
	case !has(units, form.Unit) || !has(ops, form.Op):
		err = errs.InvalidFields([]errs.Field{errs.Wrong("unit", "not_allowed", "Choose what to change.")})
	default:
		_, _, err = h.Ledger.Change(v.Context(), v.Actor, v.Community.ID, operation.Change{User: v.PathValue("user"), Unit: ledger.Unit(form.Unit), Op: form.Op, Amount: amount, Reason: form.Reason})
	}
	if err != nil {
		return h.renderMember(v, form, err)
	}
	return v.Redirect(v.In("/members/"+v.PathValue("user")+"/rewards"), i18n.Key("Balance changed"))
}

// reverse reverses an entry of the member of the address.
func (h *handlers) reverse(v *ui.Request) error {
	if _, err := h.Ledger.Reverse(v.Context(), v.Actor, v.Community.ID, v.PathValue("entry"), v.PostFormValue("reason")); err != nil {
		return h.renderMember(v, PostForm{}, err)
	}
	return v.Redirect(v.In("/members/"+v.PathValue("user")+"/rewards"), i18n.Key("Entry reversed"))
}

// showMessage leads to a message that an entry names.
func (h *handlers) showMessage(v *ui.Request) error {
	found, err := h.Lists.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("message"), "")
	if err != nil {
		return err
	}
	path := "/channels/" + found.Channel.ID + "/messages"
	if found.TopicID != nil {
		path = "/channels/" + found.Channel.ID + "/topics/" + *found.TopicID
	}
	return v.Redirect(v.In(path+"?around="+found.ID+"#m-"+found.ID), "")
}
