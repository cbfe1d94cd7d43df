package console

import (
	"net/http"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

// TransferOffer is the offer of a community to the reader.
type TransferOffer struct {
	CommunityID, ID string
	Name            string // of the community
	From            string // the username of the owner
	Members         int64
	ExpiresAt       int64 // Unix milliseconds
}

// TransferCard is the part of the danger zone that hands a community over.
type TransferCard struct {
	Open      *member.Transfer // nil: none
	Role      string           // what the owner gets on acceptance, "": nothing
	User      string           // the form
	Errors    map[string]string
	Proof     SecurityView
	MayOffer  bool // the reader is an owner
	Withdraws bool // the reader may withdraw the open one
}

// offersTo returns the open transfers to the reader.
func (c *console) offersTo(v *visit) ([]TransferOffer, error) {
	transfers, err := c.Members.TransfersTo(v.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	var offers []TransferOffer
	for _, t := range transfers {
		offer, err := c.offer(v, t)
		if err != nil {
			return nil, err
		}
		offers = append(offers, offer)
	}
	return offers, nil
}

func (c *console) offer(v *visit, t member.Transfer) (TransferOffer, error) {
	home, err := c.Communities.Get(v.Context(), t.CommunityID)
	if err != nil {
		return TransferOffer{}, err
	}
	n, err := c.Members.Count(v.Context(), t.CommunityID)
	return TransferOffer{t.CommunityID, t.ID, home.Name, t.FromName, n, t.ExpiresAt}, err
}

// offerHere returns the open transfer of the visited community to the reader,
// nil without one.
func (c *console) offerHere(v *visit) (*TransferOffer, error) {
	if v.community.ID == "" {
		return nil, nil
	}
	transfers, err := c.Members.TransfersTo(v.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	for _, t := range transfers {
		if t.CommunityID == v.community.ID {
			offer, err := c.offer(v, t)
			return &offer, err
		}
	}
	return nil, nil
}

// showTransfer is the page of the link in a mail. It changes nothing.
func (c *console) showTransfer(v *visit) error {
	v.w.Header().Set("Cache-Control", "no-store")
	p, err := c.page(v, i18n.Key("Transfer of a community"), "", "")
	if err != nil {
		return err
	}
	view := TransferView{Page: p}
	t, cause := c.Members.TransferByToken(v.Context(), v.actor, v.URL.Query().Get("token"))
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	view.Alert, view.Other = said, errs.Is(cause, "not_your_transfer")
	if cause == nil {
		offer, err := c.offer(v, t)
		if err != nil {
			return err
		}
		view.Offer = &offer
	}
	return render(v, status, TransferPage(view))
}

func (c *console) acceptTransfer(v *visit) error {
	if err := c.Members.AcceptTransfer(v.Context(), v.actor, v.community.ID, v.PathValue("transfer")); err != nil {
		return err
	}
	return v.goTo(v.in("/home"), v.T("You own %s now", v.community.Name))
}

func (c *console) declineTransfer(v *visit) error {
	if err := c.Members.DeclineTransfer(v.Context(), v.actor, v.community.ID, v.PathValue("transfer")); err != nil {
		return err
	}
	return v.goTo(v.in("/home"), i18n.Key("The transfer is declined"))
}

func (c *console) withdrawTransfer(v *visit) error {
	if err := c.Members.WithdrawTransfer(v.Context(), v.actor, v.community.ID, v.PathValue("transfer")); err != nil {
		return err
	}
	return v.goTo(v.in("/settings/danger"), i18n.Key("The offer is withdrawn"))
}

func (c *console) requestTransfer(v *visit) error {
	in := member.TransferInput{User: v.PostFormValue("user"), Confirm: v.PostFormValue("confirm"), Proof: proofOf(v)}
	made, cause := c.Members.RequestTransfer(v.Context(), v.actor, v.community.ID, in)
	if cause == nil {
		return v.goTo(v.in("/settings/danger"), v.T("The community is offered to %s", made.UserName))
	}
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	if after := httpx.NewFailure(v.Context(), cause).GetHeaders().Get("Retry-After"); after != "" {
		v.w.Header().Set("Retry-After", after)
	}
	card := TransferCard{User: in.User, Errors: transferErrors(v, cause, said)}
	if card.Errors != nil {
		said = Alert{}
	}
	return c.renderDanger(v, status, said, card)
}

// transferErrors are the errors at the fields of the form, nil where the cause
// concerns none of them.
func transferErrors(v *visit, cause error, said Alert) map[string]string {
	for _, code := range []string{"user_not_found", "member_pending", "member_suspended"} {
		if errs.Is(cause, code) {
			return map[string]string{"user": said.Message}
		}
	}
	wrong := wrongFields(v.Context(), cause)
	if message, ok := wrong["userId"]; ok {
		wrong["user"] = message
	}
	return wrong
}

// transferCard completes the card of the danger zone.
func (c *console) transferCard(v *visit, p Page, card TransferCard) (TransferCard, error) {
	known, err := member.Memberships{}.ByAccount(v.Context(), c.DB, v.community.ID, v.actor.AccountID)
	if err != nil || account.RequireSession(v.actor) != nil {
		return card, err
	}
	card.MayOffer, card.Withdraws = known.Member && known.Owner, known.Member && known.Owner || ownsInstallation(v.actor)
	open, err := c.Members.OpenTransfer(v.Context(), v.community.ID)
	switch {
	case err == nil:
		card.Open = &open
	case errs.KindOf(err) != errs.NotFound:
		return card, err
	}
	roles, err := c.Access.Roles(v.Context(), v.community.ID)
	if err != nil {
		return card, err
	}
	if role, ok := member.AdministratorRole(roles); ok {
		card.Role = role.Title
	}
	card.Proof = SecurityView{Page: p}
	card.Proof.Methods, err = c.Accounts.Methods(v.Context(), v.actor)
	return card, err
}

func (c *console) showDanger(v *visit) error {
	return c.renderDanger(v, http.StatusOK, Alert{}, TransferCard{})
}

func (c *console) renderDanger(v *visit, status int, said Alert, card TransferCard) error {
	p, err := c.page(v, i18n.Key("Danger zone"), "settings", "")
	if err != nil {
		return err
	}
	p.Alert = said
	if card, err = c.transferCard(v, p, card); err != nil {
		return err
	}
	days := int(c.Communities.Rules().Retention.Hours() / 24)
	return render(v, status, DangerPage(DangerView{Page: p, Owner: card.Withdraws, Days: days, Transfer: card}))
}
