package moderation

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

// selfID is the member id of the reader; "" for a non-member.
func (h *handlers) selfID(v *ui.Request) (string, error) {
	who, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return who.ID, err
}

func (h *handlers) showPenalties(v *ui.Request) error {
	return h.renderPenalties(v, http.StatusOK, PenaltiesView{Days: 7, User: v.URL.Query().Get("give")})
}

func (h *handlers) renderPenalties(v *ui.Request, status int, view PenaltiesView) error {
	p, err := h.Page(v, i18n.Key("Penalties"), "penalties", i18n.Key("The misconduct log: warnings, suspensions, kicks and bans."))
	if err != nil {
		return err
	}
	p.Alert = view.Alert
	view.Page = p
	may := map[string]bool{}
	for _, kind := range PenaltyKinds {
		if need, ok := moderation.PermissionOf(kind.Value); ok && h.Access.Can(v.Context(), v.Actor, v.Community.ID, need) == nil {
			may[kind.Value] = true
			view.May = append(view.May, kind)
		}
	}
	view.Moderates = h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.Moderate) == nil
	query := v.URL.Query()
	view.Kind, view.About = query.Get("kind"), query.Get("user")
	found, next, err := h.Moderation.Penalties(v.Context(), v.Actor, v.Community.ID, moderation.PenaltyFilter{User: view.About, Kind: view.Kind, Cursor: query.Get("after"), Limit: ui.ListLimit})
	if err != nil {
		return err
	}
	self, err := h.selfID(v)
	if err != nil {
		return err
	}
	for _, one := range found {
		view.Penalties = append(view.Penalties, PenaltyRow{
			ID: one.ID, UserID: one.UserID, User: one.Member.Username, Kind: one.Kind, Reason: one.Reason, By: one.ActorName, LiftedBy: one.LifterName,
			CreatedAt: one.CreatedAt, Until: one.Until, LiftedAt: one.LiftedAt, InForce: h.Moderation.InForce(one),
			Liftable: one.LiftedAt == 0 && may[one.Kind] && one.Member.Username != "" && one.UserID != self,
		})
	}
	if next != "" {
		query.Set("after", next)
		view.Next = v.In("/penalties?" + query.Encode())
	}
	return ui.Render(v, status, PenaltiesPage(view))
}

// penaltiesAddress is the misconduct log with a filter.
func penaltiesAddress(p ui.Page, kind, user string) string {
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

func (h *handlers) createPenalty(v *ui.Request) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil || days < 1 || days > 3650 {
		days = 0 // refused, with a reason that fits
	}
	view := PenaltiesView{User: v.PostFormValue("user"), Give: v.PostFormValue("kind"), Reason: v.PostFormValue("reason"), Days: days, DeleteRecent: v.DeletesRecent()}
	in := moderation.PenaltyInput{User: view.User, Kind: view.Give, Reason: view.Reason}
	if view.Give == moderation.Suspend && days > 0 {
		in.Until = h.Clock.Now().Add(time.Duration(days) * 24 * time.Hour).UnixMilli()
	}
	cause := h.penalise(v, in, view.DeleteRecent)
	if cause == nil {
		return v.Redirect(v.In("/penalties"), i18n.Key("Penalty imposed"))
	}
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); errs.Is(cause, "user_not_found") {
		view.Errors = map[string]string{"user": v.T("User not found. Check the username.")}
	}
	if view.Errors == nil {
		view.Alert = said
	}
	return h.renderPenalties(v, status, view)
}

// penalise imposes a penalty; with a ban also the messages of the member of the last 24
// hours are deleted, if the person wants it.
func (h *handlers) penalise(v *ui.Request, in moderation.PenaltyInput, deleteRecent bool) error {
	deleteRecent = deleteRecent && in.Kind == moderation.Ban
	if deleteRecent {
		if err := h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.Moderate); err != nil {
			return err
		}
	}
	imposed, err := h.Moderation.Penalise(v.Context(), v.Actor, v.Community.ID, in)
	if err == nil && deleteRecent {
		_, err = h.Changes.DeleteRecent(v.Context(), v.Actor, v.Community.ID, imposed.UserID)
	}
	return err
}

func (h *handlers) liftPenalty(v *ui.Request) error {
	_, cause := h.Moderation.LiftPenalty(v.Context(), v.Actor, v.Community.ID, v.PathValue("penalty"))
	if cause == nil {
		return v.Redirect(v.In("/penalties"), i18n.Key("Penalty lifted"))
	}
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := PenaltiesView{Days: 7}
	view.Alert = said
	return h.renderPenalties(v, status, view)
}
