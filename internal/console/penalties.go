package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

var suspensionLives = []Choice{
	{"1", i18n.Key("Tomorrow")}, {"3", i18n.Key("In three days")}, {"7", i18n.Key("In a week")}, {"30", i18n.Key("In 30 days")}, {"365", i18n.Key("In a year")},
}

// mayPenalise is what a person needs for each kind of penalty.
var mayPenalise = map[string]actor.Permission{
	member.Warn: access.PermWarn, member.Suspend: access.PermSuspend, member.Kick: access.PermKick, member.Ban: access.PermBan,
}

func (c *console) showPenalties(v *visit) error {
	return c.renderPenalties(v, http.StatusOK, PenaltiesView{Days: 7, User: v.URL.Query().Get("give")})
}

func (c *console) renderPenalties(v *visit, status int, view PenaltiesView) error {
	p, err := c.page(v, i18n.Key("Penalties"), "penalties", i18n.Key("The misconduct log: warnings, suspensions, kicks and bans."))
	if err != nil {
		return err
	}
	p.Alert = view.Alert
	view.Page = p
	may := map[string]bool{}
	for _, kind := range penaltyKinds {
		if c.Access.Can(v.Context(), v.actor, v.community.ID, mayPenalise[kind.Value]) == nil {
			may[kind.Value] = true
			view.May = append(view.May, kind)
		}
	}
	query := v.URL.Query()
	view.Kind, view.About = query.Get("kind"), query.Get("user")
	found, next, err := c.Members.Penalties(v.Context(), v.community.ID, member.PenaltyFilter{User: view.About, Kind: view.Kind, Cursor: query.Get("after"), Limit: listLimit})
	if err != nil {
		return err
	}
	self, err := c.selfID(v)
	if err != nil {
		return err
	}
	for _, one := range found {
		view.Penalties = append(view.Penalties, PenaltyRow{
			ID: one.ID, UserID: one.UserID, User: one.Member.Username, Kind: one.Kind, Reason: one.Reason, By: one.ActorName, LiftedBy: one.LifterName,
			CreatedAt: one.CreatedAt, Until: one.Until, LiftedAt: one.LiftedAt, InForce: c.Members.InForce(one),
			Liftable: one.LiftedAt == 0 && may[one.Kind] && one.Member.Username != "" && one.UserID != self,
		})
	}
	if next != "" {
		query.Set("after", next)
		view.Next = v.in("/penalties?" + query.Encode())
	}
	return render(v, status, PenaltiesPage(view))
}

// penaltiesAddress is the misconduct log with a filter.
func penaltiesAddress(p Page, kind, user string) string {
	query := url.Values{}
	if kind != "" {
		query.Set("kind", kind)
	}
	if user != "" {
		query.Set("user", user)
	}
	if len(query) == 0 {
		return p.In("/penalties")
	}
	return p.In("/penalties?" + query.Encode())
}

func (c *console) givePenalty(v *visit) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil || days < 1 || days > 3650 {
		days = 0 // refused, with a reason that fits
	}
	view := PenaltiesView{User: v.PostFormValue("user"), Give: v.PostFormValue("kind"), Reason: v.PostFormValue("reason"), Days: days}
	in := member.PenaltyInput{User: view.User, Kind: view.Give, Reason: view.Reason}
	if view.Give == member.Suspend && days > 0 {
		in.Until = c.Clock.Now().Add(time.Duration(days) * 24 * time.Hour).UnixMilli()
	}
	_, cause := c.Members.Penalise(v.Context(), v.actor, v.community.ID, in)
	if cause == nil {
		return v.goTo(v.in("/penalties"), i18n.Key("The penalty is given"))
	}
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if view.Errors = wrongFields(v.Context(), cause); errs.Is(cause, "user_not_found") {
		view.Errors = map[string]string{"user": v.T("There is no such user.")}
	}
	if view.Errors == nil {
		view.Alert = said
	}
	return c.renderPenalties(v, status, view)
}

func (c *console) liftPenalty(v *visit) error {
	_, cause := c.Members.LiftPenalty(v.Context(), v.actor, v.community.ID, v.PathValue("penalty"))
	if cause == nil {
		return v.goTo(v.in("/penalties"), i18n.Key("The penalty is lifted"))
	}
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	view := PenaltiesView{Days: 7}
	view.Alert = said
	return c.renderPenalties(v, status, view)
}
