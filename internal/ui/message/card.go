package message

import (
	"slices"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/ui"
)

// Card is a member beside the messages.
type Card struct {
	message.Profile
	Path    string // of the card
	Page    string // address of the profile; "": the reader may not open it
	Self    bool   // the reader
	SeenAt  int64  // Unix milliseconds; 0: never
	Online  bool
	Blocked bool // by the reader
	Member  bool // the reader is one
	Write   bool // the reader may begin a conversation
}

func (h *handlers) showCard(v *ui.Request) error {
	found, err := h.Messages.Profile(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"))
	if err != nil {
		return err
	}
	card := Card{Profile: found, Path: v.In("/chat/members/" + value(found.ID))}
	if card.SeenAt, card.Online, err = h.Members.Seen(v.Context(), v.Actor, v.Community.ID, value(found.ID)); err != nil {
		return err
	}
	self, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	switch {
	case err == nil:
		card.Member, card.Self = true, self.ID == value(found.ID)
		if card.Blocked, err = h.blocks(v, value(found.ID)); err != nil {
			return err
		}
	case errs.KindOf(err) != errs.NotFound:
		return err
	}
	may, err := h.Access.Allowed(v.Context(), v.Actor, v.Community.ID, permission.GetUserData, permission.StartDirect)
	if err != nil {
		return err
	}
	card.Write = card.Member && !card.Self && may[permission.StartDirect]
	if may[permission.GetUserData] {
		card.Page = v.In("/members/" + value(found.ID))
	}
	return h.sheet(v, 200, ui.AuthorName(ui.PrinterOf(v.Context()), found.Author), "", v.In("/chat"), func(p ui.Page) templ.Component { return MemberCard(p, card) })
}

// blocks reports whether the reader blocks a member.
func (h *handlers) blocks(v *ui.Request, memberID string) (bool, error) {
	list, err := h.Blocks.List(v.Context(), v.Actor, v.Community.ID)
	return slices.ContainsFunc(list, func(one block.Block) bool { return one.Blocked.ID == memberID }), err
}

// changeBlock blocks a member, or ends that.
func (h *handlers) changeBlock(v *ui.Request) (err error) {
	if v.PostFormValue("end") != "" {
		_, err = h.Blocks.Delete(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"))
	} else {
		_, err = h.Blocks.Create(v.Context(), v.Actor, v.Community.ID, v.PathValue("user"))
	}
	if err != nil {
		return err
	}
	return v.Redirect(v.In("/chat"), "")
}
