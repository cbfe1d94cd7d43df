package message

import (
	"cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/ui"
)

// location is the channel or topic of a request.
type location struct {
	place.Place
	id    string
	path  string       // of its messages
	topic *topic.Topic // nil: none
	name  string       // of the channel, or of the others in a conversation
	may   Rights
}

// topicID is the id of the topic; "": none.
func (at location) topicID() string {
	if at.topic == nil {
		return ""
	}
	return at.topic.ID
}

// title is the name of the channel or topic.
func (at location) title() string {
	if at.topic == nil {
		return at.name
	}
	return at.topic.Title
}

// locate finds the channel or topic of the address, and what the reader may do there.
func (h *handlers) locate(v *ui.Request) (location, error) {
	return h.locateTopic(v, cmp.Or(v.PathValue("topic"), v.URL.Query().Get("topic")))
}

// locateTopic finds the channel of the address with a topic of it; "": none.
func (h *handlers) locateTopic(v *ui.Request, topicID string) (at location, err error) {
	at.id = v.PathValue("channel")
	if at.Place, err = h.Messages.Place(v.Context(), v.Actor, v.Community.ID, at.id); err != nil {
		return at, err
	}
	at.path = v.In("/channels/" + at.id + "/messages")
	if topicID != "" {
		found, err := h.Topics.Get(v.Context(), v.Actor, v.Community.ID, at.id, topicID)
		if err != nil {
			return at, err
		}
		at.topic, at.path = &found, v.In("/channels/"+at.id+"/topics/"+topicID)
	}
	at.name = at.Channel.Topic
	self, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if errs.KindOf(err) == errs.NotFound {
		return at, nil
	}
	if err != nil {
		return at, err
	}
	if at.Conversation != nil {
		at.name = talkName(v, *at.Conversation, self.ID)
	}
	open, err := h.open(v, at)
	at.may = Rights{
		SelfID: self.ID, Post: open && at.RequirePosting() == nil,
		Pin: at.Allows(permission.Pinable), Delete: at.Allows(permission.DeleteMessages), Manage: at.Allows(permission.ManageMessages),
	}
	return at, err
}

// open reports whether messages can be posted: in a forum, within topics that are not
// locked for the reader.
func (h *handlers) open(v *ui.Request, at location) (bool, error) {
	if at.Channel.Type != chat.Forum {
		return true, nil
	}
	if at.topic == nil {
		return false, nil
	}
	err := post.RequireOpen(v.Context(), v.Actor, h.Access, v.Community.ID, at.Place, at.topic.Locked)
	if errs.KindOf(err) == errs.Conflict {
		return false, nil
	}
	return err == nil, err
}
