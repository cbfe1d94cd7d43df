package message

import (
	"cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/ui"
)

// location is the channel or topic of a request.
type location struct {
	place.Place
	id, topicID string // topicID: "" outside of forums
	path        string // of its messages
	may         Rights
}

// locate finds the channel of the address, and what the reader may do there.
func (h *handlers) locate(v *ui.Request) (at location, err error) {
	at.id, at.topicID = v.PathValue("channel"), cmp.Or(v.PathValue("topic"), v.URL.Query().Get("topic"))
	if at.Place, err = h.Messages.Place(v.Context(), v.Actor, v.Community.ID, at.id); err != nil {
		return at, err
	}
	at.path = v.In("/channels/" + at.id + "/messages")
	if at.topicID != "" {
		at.path = v.In("/channels/" + at.id + "/topics/" + at.topicID)
	}
	self, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if errs.KindOf(err) == errs.NotFound {
		return at, nil
	}
	at.may = Rights{
		SelfID: self.ID, Post: at.RequirePosting() == nil && (at.Channel.Type != chat.Forum || at.topicID != ""),
		Pin: at.Allows(permission.Pinable), Delete: at.Allows(permission.DeleteMessages),
	}
	return at, err
}
