package live

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/readstate"
)

// signalTopic is the topic of presence between nodes. A payload has ids only: the kind,
// the community, the member and the channel.
const signalTopic = "live"

// Kinds of signals.
const (
	signalTyping  = "typing"
	signalOnline  = "online"
	signalOffline = "offline"
)

// signal is news without a sequence.
type signal struct{ kind, communityID, memberID, channelID string }

func (s signal) payload() string {
	return strings.Join([]string{s.kind, s.communityID, s.memberID, s.channelID}, " ")
}

// signal passes a payload to the room of its community.
func (h *Hub) signal(payload string) {
	part := strings.Split(payload, " ")
	if len(part) != 4 {
		return // signals may have been missed, which is allowed
	}
	h.pass(signal{part[0], part[1], part[2], part[3]})
}

// pass passes a signal to the room of its community.
func (h *Hub) pass(s signal) {
	h.mu.Lock()
	r := h.rooms[s.communityID]
	h.mu.Unlock()
	if r == nil {
		return
	}
	select {
	case r.signals <- s:
	default: // may be lost
	}
}

// notifyPresence informs the connections of all nodes that a member came online or
// went offline.
func (h *Hub) notifyPresence(ctx context.Context, communityID, memberID string, online bool) error {
	kind := signalOffline
	if online {
		kind = signalOnline
	}
	return h.DB.Notify(ctx, signalTopic, signal{kind, communityID, memberID, ""}.payload())
}

// typing passes a signal of readstate.TypingTopic to the room of its community.
func (h *Hub) typing(payload string) {
	if t, ok := readstate.ParseTyping(payload); ok {
		h.pass(signal{signalTyping, t.CommunityID, t.MemberID, t.ChannelID})
	}
}

// nowFrame returns a frame without a sequence.
func nowFrame(kind string, data any) *Frame {
	encoded, _ := json.Marshal(data) // maps of texts, numbers and booleans
	return answer{Op: OpNow, Type: kind, Data: encoded}.frame()
}

// relay sends a signal to the clients that may see it.
func (r *room) relay(s signal) {
	if s.kind == signalTyping {
		r.relayTyping(s)
		return
	}
	f := nowFrame("presence", map[string]any{"userId": s.memberID, "online": s.kind == signalOnline})
	if s.kind == signalOffline && r.has(s.memberID) { // another node has lost its last connection of the member
		r.report(r.hub.notifyPresence(r.ctx, r.communityID, s.memberID, true))
		return
	}
	subjects, err := r.hub.Standing.Members(r.ctx, r.communityID, []string{s.memberID})
	if !r.report(err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	shown := map[string]bool{} // the channels that the member sees
	for channelID, ch := range r.channels {
		if ch.SeenBy(subjects[s.memberID]) {
			shown[channelID] = true
		}
	}
	for _, k := range r.classes {
		if !k.shares(shown) {
			continue
		}
		for c := range k.clients {
			if c.memberID != s.memberID {
				c.sendNow(f)
			}
		}
	}
}

// has reports whether a member has a connection on this node.
func (r *room) has(memberID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members[memberID]) > 0
}

// shares reports whether the class sees one of channels.
func (k *class) shares(channels map[string]bool) bool {
	for channelID := range k.sees {
		if channels[channelID] {
			return true
		}
	}
	return false
}

func (r *room) relayTyping(s signal) {
	f := nowFrame("typing", map[string]any{"channelId": s.channelID, "userId": s.memberID})
	if !r.lists(s.channelID) {
		r.relayToParticipants(s, f)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.classes {
		if _, visible := k.sees[s.channelID]; !visible {
			continue
		}
		for c := range k.clients {
			if c.memberID != s.memberID && c.wants(s.channelID) {
				c.sendNow(f)
			}
		}
	}
}

// lists reports whether the room has a channel, which is not a conversation then.
func (r *room) lists(channelID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, listed := r.channels[channelID]
	return listed
}

// relayToParticipants sends a frame about a member to the others of a conversation.
func (r *room) relayToParticipants(s signal, f *Frame) {
	members, err := r.hub.participants(r.ctx, r.communityID, s.channelID)
	if !r.report(err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, memberID := range members {
		for _, c := range r.members[memberID] {
			if memberID != s.memberID && c.wants(s.channelID) && c.caller.InChannel(s.channelID) {
				c.sendNow(f)
			}
		}
	}
}
