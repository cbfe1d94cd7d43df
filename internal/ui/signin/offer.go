package signin

import (
	"net/http"
	"net/url"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ui"
)

// The forms and the last page of an offer.
const (
	acceptOfferPath   = member.AddedPage + "/accept"
	declineOfferPath  = member.AddedPage + "/decline"
	declinedOfferPath = member.AddedPage + "/declined"
)

func addedPath(token string) string { return member.AddedPage + "?token=" + url.QueryEscape(token) }

// OfferReader is the reader of an offer, compared with the address it went to.
type OfferReader int

// Readers of an offer.
const (
	ReaderUnknown     OfferReader = iota // not signed in
	ReaderReceiver                       // has the address, confirmed
	ReaderUnconfirmed                    // has the address, not confirmed
	ReaderOther                          // signed in with another address, or by another system
)

func (h *handlers) offerReader(v *ui.Request, offer moderation.Offer) (OfferReader, error) {
	if v.Actor.Kind != actor.Session {
		return ReaderUnknown, nil
	}
	if v.Actor.RequireUnlimited() != nil {
		return ReaderOther, nil
	}
	acct, err := h.Accounts.Account(v.Context(), v.Actor.AccountID)
	if err != nil || account.EmailKey(acct.Email) != account.EmailKey(offer.Email) {
		return ReaderOther, err
	}
	confirmed, err := account.Confirmed(v.Context(), h.DB, acct.ID)
	if err != nil || !confirmed {
		return ReaderUnconfirmed, err
	}
	return ReaderReceiver, nil
}

func (h *handlers) showOffer(v *ui.Request) error {
	return h.renderOffer(v, v.URL.Query().Get("token"), nil)
}

// renderOffer shows the page of a link, again with cause if a form failed.
func (h *handlers) renderOffer(v *ui.Request, token string, cause error) error {
	v.W.Header().Set("Cache-Control", "no-store")
	offer, err := h.Moderation.OfferOf(v.Context(), token)
	if errs.Is(err, "link_expired") {
		return h.renderDeadOffer(v)
	}
	if err != nil {
		return err
	}
	view := OfferView{
		Token: token, Name: offer.Home.Name, Members: offer.Home.Members, Logo: media.Path(offer.Home.ID, offer.Home.Settings.Logo),
		Username: offer.Username, Invite: offer.InviteCode != "",
	}
	if view.Visitor, err = h.offerReader(v, offer); err != nil {
		return err
	}
	status := http.StatusOK
	if cause == nil {
		view.Page, err = h.Page(v, i18n.Key("Your decision"), "", "")
	} else {
		status, view.Page, _, err = h.entryAgain(v, i18n.Key("Your decision"), cause)
	}
	if err != nil {
		return err
	}
	view.Community.Accent = offer.Home.Settings.Accent
	return ui.Render(v, status, OfferPage(view))
}

func (h *handlers) renderDeadOffer(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("This link has expired"), "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusGone, DeadOfferPage(p))
}

func (h *handlers) acceptOffer(v *ui.Request) error {
	token := v.PostFormValue("token")
	offer, err := h.Moderation.OfferOf(v.Context(), token)
	if errs.Is(err, "link_expired") {
		return h.renderDeadOffer(v)
	}
	if err != nil {
		return err
	}
	reader, err := h.offerReader(v, offer)
	if err != nil {
		return err
	}
	switch {
	case reader == ReaderReceiver:
		return h.joinByOffer(v, token, offer)
	case reader == ReaderUnknown:
		return h.identify(v, token)
	case v.PostFormValue("switch") != "":
		if err := h.endSessionHere(v); err != nil {
			return err
		}
		return h.identify(v, token)
	case v.Actor.RequireUnlimited() != nil:
		return v.Actor.RequireUnlimited()
	case reader == ReaderUnconfirmed:
		return h.renderOffer(v, token, errs.New(errs.Forbidden, "email_not_verified", "The email address of your account is not confirmed."))
	}
	return h.renderOffer(v, token, errs.New(errs.Forbidden, "other_account", "This account cannot accept it."))
}

// joinByOffer accepts for the receiver. If the community requires fields, the page
// of the invite follows.
func (h *handlers) joinByOffer(v *ui.Request, token string, offer moderation.Offer) error {
	err := h.Moderation.Join(v.Context(), v.Actor, offer.Home.ID, moderation.JoinInput{InviteCode: offer.InviteCode})
	switch {
	case err == nil:
		return v.Redirect("/c/"+offer.Home.ID+"/", v.T("You are now a member of %s", offer.Home.Name))
	case errs.Is(err, "already_member"):
		return v.Redirect("/c/"+offer.Home.ID+"/", "")
	case errs.KindOf(err) == errs.Invalid && offer.InviteCode != "":
		return v.Redirect("/join/"+offer.InviteCode, "")
	}
	return h.renderOffer(v, token, err)
}

// identify leads a person without a session to the first password of a new
// account, or to the sign-in, and from there back to the offer.
func (h *handlers) identify(v *ui.Request, token string) error {
	err := h.limitSignIn(v)
	reset := ""
	if err == nil {
		reset, err = h.Moderation.StartFirst(v.Context(), token)
	}
	if err != nil {
		return h.renderOffer(v, token, err)
	}
	next := "next=" + url.QueryEscape(addedPath(token))
	if reset != "" {
		return v.Redirect(link.ResetPage+"?token="+url.QueryEscape(reset)+"&"+next, "")
	}
	return v.Redirect(link.SignInPage+"?"+next, "")
}

func (h *handlers) declineOffer(v *ui.Request) error {
	token := v.PostFormValue("token")
	var err error
	if v.Actor.Kind != actor.Session {
		err = h.limitSignIn(v)
	}
	var offer moderation.Offer
	if err == nil {
		offer, err = h.Moderation.OfferOf(v.Context(), token)
	}
	if err == nil {
		err = h.Moderation.DeclineOffer(v.Context(), token)
	}
	if err != nil {
		return h.renderOffer(v, token, err)
	}
	page := declinedOfferPath
	if offer.InviteCode != "" {
		page += "?invite"
	}
	return v.Redirect(page, "")
}

func (h *handlers) showDeclined(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("You declined"), "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, DeclinedPage(DeclinedView{Page: p, Invite: v.URL.Query().Has("invite"), Signed: v.Actor.Kind == actor.Session}))
}
