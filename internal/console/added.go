package console

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

// The forms and the last page of an offer.
const (
	acceptOfferPath   = member.AddedPage + "/accept"
	declineOfferPath  = member.AddedPage + "/decline"
	declinedOfferPath = member.AddedPage + "/declined"
)

// addedRoutes are the pages of persons that a community added or invited.
func (c *console) addedRoutes(r chi.Router) {
	r.Get(member.AddedPage, c.open(c.showOffer))
	r.Post(acceptOfferPath, c.open(c.acceptOffer))
	r.Post(declineOfferPath, c.open(c.declineOffer))
	r.Get(declinedOfferPath, c.open(c.showDeclined))
	r.Post("/additions/{community}/accept", c.signed(c.acceptAddition))
	r.Post("/additions/{community}/decline", c.signed(c.declineAddition))
}

func addedPath(token string) string { return member.AddedPage + "?token=" + url.QueryEscape(token) }

// offerReader is the reader of an offer, compared with the address it went to.
type offerReader int

const (
	readerUnknown     offerReader = iota // not signed in
	readerReceiver                       // has the address, confirmed
	readerUnconfirmed                    // has the address, not confirmed
	readerOther                          // signed in with another address, or by another system
)

func (c *console) offerReader(v *visit, offer member.Offer) (offerReader, error) {
	if v.actor.Kind != actor.Session {
		return readerUnknown, nil
	}
	if v.actor.RequireUnlimited() != nil {
		return readerOther, nil
	}
	acct, err := c.Accounts.Account(v.Context(), v.actor.AccountID)
	if err != nil || account.EmailKey(acct.Email) != account.EmailKey(offer.Email) {
		return readerOther, err
	}
	confirmed, err := account.Confirmed(v.Context(), c.DB, acct.ID)
	if err != nil || !confirmed {
		return readerUnconfirmed, err
	}
	return readerReceiver, nil
}

func (c *console) showOffer(v *visit) error { return c.renderOffer(v, v.URL.Query().Get("token"), nil) }

// renderOffer shows the page of a link, again with cause if a form failed.
func (c *console) renderOffer(v *visit, token string, cause error) error {
	v.w.Header().Set("Cache-Control", "no-store")
	offer, err := c.Members.OfferOf(v.Context(), token)
	if errs.Is(err, "link_expired") {
		return c.renderDeadOffer(v)
	}
	if err != nil {
		return err
	}
	view := OfferView{
		Token: token, Name: offer.Home.Name, Members: offer.Home.Members, Logo: media.Path(offer.Home.ID, offer.Home.Settings.Logo),
		Username: offer.Username, Invite: offer.InviteCode != "",
	}
	if view.Visitor, err = c.offerReader(v, offer); err != nil {
		return err
	}
	status := http.StatusOK
	if cause == nil {
		view.Page, err = c.page(v, i18n.Key("Your decision"), "", "")
	} else {
		status, view.Page, _, err = c.doorAgain(v, i18n.Key("Your decision"), cause)
	}
	if err != nil {
		return err
	}
	view.Community.Accent = offer.Home.Settings.Accent
	return render(v, status, OfferPage(view))
}

func (c *console) renderDeadOffer(v *visit) error {
	p, err := c.page(v, i18n.Key("This link works no more"), "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusGone, DeadOfferPage(p))
}

func (c *console) acceptOffer(v *visit) error {
	token := v.PostFormValue("token")
	offer, err := c.Members.OfferOf(v.Context(), token)
	if errs.Is(err, "link_expired") {
		return c.renderDeadOffer(v)
	}
	if err != nil {
		return err
	}
	reader, err := c.offerReader(v, offer)
	if err != nil {
		return err
	}
	switch {
	case reader == readerReceiver:
		return c.joinByOffer(v, token, offer)
	case reader == readerUnknown:
		return c.identify(v, token)
	case v.PostFormValue("switch") != "":
		if err := c.endSessionHere(v); err != nil {
			return err
		}
		return c.identify(v, token)
	case v.actor.RequireUnlimited() != nil:
		return v.actor.RequireUnlimited()
	case reader == readerUnconfirmed:
		return c.renderOffer(v, token, errs.New(errs.Forbidden, "email_not_verified", "The email address of your account is not confirmed."))
	}
	return c.renderOffer(v, token, errs.New(errs.Forbidden, "other_account", "This account cannot accept it."))
}

// joinByOffer accepts for the receiver. An invite to a community that asks for
// fields continues on the page of the invite.
func (c *console) joinByOffer(v *visit, token string, offer member.Offer) error {
	err := c.Members.Join(v.Context(), v.actor, offer.Home.ID, member.JoinHow{InviteCode: offer.InviteCode})
	switch {
	case err == nil:
		return v.goTo("/c/"+offer.Home.ID+"/", v.T("You are now a member of %s", offer.Home.Name))
	case errs.Is(err, "already_member"):
		return v.goTo("/c/"+offer.Home.ID+"/", "")
	case errs.KindOf(err) == errs.Invalid && offer.InviteCode != "":
		return v.goTo("/join/"+offer.InviteCode, "")
	}
	return c.renderOffer(v, token, err)
}

// identify leads a person without a session to the first password of a new
// account, or to the sign-in, and from there back to the offer.
func (c *console) identify(v *visit, token string) error {
	err := c.takeSignIn(v)
	reset := ""
	if err == nil {
		reset, err = c.Members.StartFirst(v.Context(), token)
	}
	if err != nil {
		return c.renderOffer(v, token, err)
	}
	next := "next=" + url.QueryEscape(addedPath(token))
	if reset != "" {
		return v.goTo(account.ResetPage+"?token="+url.QueryEscape(reset)+"&"+next, "")
	}
	return v.goTo(account.SignInPage+"?"+next, "")
}

func (c *console) declineOffer(v *visit) error {
	token := v.PostFormValue("token")
	var err error
	if v.actor.Kind != actor.Session {
		err = c.takeSignIn(v)
	}
	var offer member.Offer
	if err == nil {
		offer, err = c.Members.OfferOf(v.Context(), token)
	}
	if err == nil {
		err = c.Members.DeclineOffer(v.Context(), token)
	}
	if err != nil {
		return c.renderOffer(v, token, err)
	}
	page := declinedOfferPath
	if offer.InviteCode != "" {
		page += "?invite"
	}
	return v.goTo(page, "")
}

func (c *console) showDeclined(v *visit) error {
	p, err := c.page(v, i18n.Key("You declined"), "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, DeclinedPage(DeclinedView{Page: p, Invite: v.URL.Query().Has("invite"), Signed: v.actor.Kind == actor.Session}))
}

// addition is the membership of one community that the person has to decide
// about.
func (c *console) addition(v *visit, communityID string) (found member.Addition, ok bool, err error) {
	all, err := c.Members.Additions(v.Context(), v.actor)
	for _, one := range all {
		if one.CommunityID == communityID {
			return one, true, err
		}
	}
	return member.Addition{}, false, err
}

func (c *console) acceptAddition(v *visit) error {
	communityID := v.PathValue("community")
	if err := v.actor.RequireUnlimited(); err != nil {
		return err
	}
	a, ok, err := c.addition(v, communityID)
	if err != nil {
		return err
	}
	if !ok {
		return errDecided()
	}
	err = c.Members.Join(v.Context(), v.actor, communityID, member.JoinHow{})
	if err != nil && !errs.Is(err, "already_member") {
		return err
	}
	return v.goTo("/c/"+communityID+"/", v.T("You are now a member of %s", a.Community))
}

func (c *console) declineAddition(v *visit) error {
	communityID := v.PathValue("community")
	if err := v.actor.RequireUnlimited(); err != nil {
		return err
	}
	a, ok, err := c.addition(v, communityID)
	if err != nil {
		return err
	}
	if ok {
		err = c.Members.Decline(v.Context(), v.actor, communityID)
	}
	if !ok || errs.KindOf(err) == errs.NotFound {
		return errDecided()
	}
	if err != nil {
		return err
	}
	return v.goTo("/?all=1", v.T("You declined. %s removed its data about you.", a.Community))
}

func errDecided() error {
	return errs.New(errs.Gone, "link_expired", "This membership was accepted, declined or removed.")
}
