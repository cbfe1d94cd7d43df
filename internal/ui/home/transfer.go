package home

import (
	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/ui"
)

// TransferOffer is the offer of a community to the reader.
type TransferOffer struct {
	CommunityID, ID string
	Name            string // of the community
	From            string // the username of the owner
	Members         int64
	ExpiresAt       int64 // Unix milliseconds
}

// offersTo returns the open transfers to the reader.
func (h *handlers) offersTo(v *ui.Request) ([]TransferOffer, error) {
	transfers, err := h.Ownership.TransfersTo(v.Context(), v.Actor)
	if err != nil {
		return nil, err
	}
	var offers []TransferOffer
	for _, t := range transfers {
		offer, err := h.offer(v, t)
		if err != nil {
			return nil, err
		}
		offers = append(offers, offer)
	}
	return offers, nil
}

func (h *handlers) offer(v *ui.Request, t transfer.Transfer) (TransferOffer, error) {
	home, err := h.Communities.Get(v.Context(), t.CommunityID)
	if err != nil {
		return TransferOffer{}, err
	}
	n, err := h.Members.Count(v.Context(), v.Actor, t.CommunityID)
	return TransferOffer{t.CommunityID, t.ID, home.Name, t.FromName, n, t.ExpiresAt}, err
}

// transferNotice returns the notice of the open transfer of the visited
// community to the reader, nil without one.
func (h *handlers) transferNotice(v *ui.Request, p ui.Page) (templ.Component, error) {
	transfers, err := h.Ownership.TransfersTo(v.Context(), v.Actor)
	if err != nil {
		return nil, err
	}
	for _, t := range transfers {
		if t.CommunityID == v.Community.ID {
			offer, err := h.offer(v, t)
			return OfferNotice(p, offer), err
		}
	}
	return nil, nil
}

// showTransfer is the page of the link in a mail. It changes nothing.
func (h *handlers) showTransfer(v *ui.Request) error {
	v.W.Header().Set("Cache-Control", "no-store")
	p, err := h.Page(v, i18n.Key("Transfer of a community"), "", "")
	if err != nil {
		return err
	}
	view := TransferView{Page: p}
	t, cause := h.Ownership.TransferByToken(v.Context(), v.Actor, v.URL.Query().Get("token"))
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view.Alert, view.Other = said, errs.Is(cause, "not_your_transfer")
	if cause == nil {
		offer, err := h.offer(v, t)
		if err != nil {
			return err
		}
		view.Offer = &offer
	}
	return ui.Render(v, status, TransferPage(view))
}

func (h *handlers) acceptTransfer(v *ui.Request) error {
	if err := h.Ownership.AcceptTransfer(v.Context(), v.Actor, v.Community.ID, v.PathValue("transfer")); err != nil {
		return err
	}
	return v.Redirect(v.In("/home"), v.T("You own %s now", v.Community.Name))
}

func (h *handlers) declineTransfer(v *ui.Request) error {
	if err := h.Ownership.DeclineTransfer(v.Context(), v.Actor, v.Community.ID, v.PathValue("transfer")); err != nil {
		return err
	}
	return v.Redirect(v.In("/home"), i18n.Key("Transfer declined"))
}
