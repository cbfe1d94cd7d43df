package settings

import (
	"net/http"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) deleteCommunity(v *ui.Request) error {
	_, cause := h.Ownership.DeleteCommunity(v.Context(), v.Actor, v.Community.ID, v.PostFormValue("confirm"))
	if cause == nil {
		return v.Redirect("/?all=1", i18n.Key("Community deleted"))
	}
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	return h.renderDanger(v, status, said, TransferCard{})
}

// TransferCard is the part of the danger zone that hands a community over.
type TransferCard struct {
	Open      *transfer.Transfer // nil: none
	Role      string             // what the owner gets on acceptance, "": nothing
	User      string             // the form
	Errors    map[string]string
	Proof     ui.Reauth
	MayOffer  bool // the reader is an owner
	Withdraws bool // the reader may withdraw the open one
}

func (h *handlers) withdrawTransfer(v *ui.Request) error {
	if err := h.Ownership.WithdrawTransfer(v.Context(), v.Actor, v.Community.ID, v.PathValue("transfer")); err != nil {
		return err
	}
	return v.Redirect(v.In("/settings/danger"), i18n.Key("Offer withdrawn"))
}

func (h *handlers) requestTransfer(v *ui.Request) error {
	in := ownership.TransferInput{User: v.PostFormValue("user"), Confirm: v.PostFormValue("confirm"), Proof: ui.ReadProof(v)}
	made, cause := h.Ownership.RequestTransfer(v.Context(), v.Actor, v.Community.ID, in)
	if cause == nil {
		return v.Redirect(v.In("/settings/danger"), v.T("The community is offered to %s", made.UserName))
	}
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if after := httpx.NewFailure(v.Context(), cause).GetHeaders().Get("Retry-After"); after != "" {
		v.W.Header().Set("Retry-After", after)
	}
	card := TransferCard{User: in.User, Errors: transferErrors(v, cause, said)}
	if card.Errors != nil {
		said = ui.Alert{}
	}
	return h.renderDanger(v, status, said, card)
}

// transferErrors are the field errors of the form, nil if cause has none.
func transferErrors(v *ui.Request, cause error, said ui.Alert) map[string]string {
	for _, code := range []string{"user_not_found", "member_pending", "member_suspended"} {
		if errs.Is(cause, code) {
			return map[string]string{"user": said.Message}
		}
	}
	wrong := ui.FieldErrors(v.Context(), cause)
	if message, ok := wrong["userId"]; ok {
		wrong["user"] = message
	}
	return wrong
}

// transferCard completes the card of the danger zone.
func (h *handlers) transferCard(v *ui.Request, card TransferCard) (TransferCard, error) {
	if account.RequireSession(v.Actor) != nil {
		return card, nil
	}
	self, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return card, err
	}
	card.MayOffer, card.Withdraws = self.Owner, self.Owner || v.Actor.RequireInstallationOwner() == nil
	open, err := h.Ownership.OpenTransfer(v.Context(), v.Actor, v.Community.ID)
	switch {
	case err == nil:
		card.Open = &open
	case errs.KindOf(err) != errs.NotFound:
		return card, err
	}
	roles, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return card, err
	}
	if role, ok := ownership.AdministratorRole(roles); ok {
		card.Role = role.Title
	}
	methods, err := h.Accounts.Methods(v.Context(), v.Actor)
	card.Proof = ui.ReauthOf(methods)
	return card, err
}

func (h *handlers) showDanger(v *ui.Request) error {
	return h.renderDanger(v, http.StatusOK, ui.Alert{}, TransferCard{})
}

func (h *handlers) renderDanger(v *ui.Request, status int, said ui.Alert, card TransferCard) error {
	p, err := h.Page(v, i18n.Key("Danger zone"), "danger", "")
	if err != nil {
		return err
	}
	p.Alert = said
	if card, err = h.transferCard(v, card); err != nil {
		return err
	}
	days := int(h.Communities.Retention().Hours() / 24)
	return ui.Render(v, status, DangerPage(DangerView{Page: p, Owner: card.Withdraws, Days: days, Transfer: card}))
}
