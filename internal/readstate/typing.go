package readstate

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message/place"
)

// typingInterval is the minimum time between two signals of a member.
const typingInterval = 3 * time.Second

// TypingTopic is the topic of sqldb.Subscribe for members that are typing. ParseTyping
// reads the payload.
const TypingTopic = "typing"

// Typing is a member that is writing in a channel.
type Typing struct {
	CommunityID, ChannelID, MemberID string
}

// ParseTyping parses a payload of TypingTopic. ok is false for an empty one: signals
// may have been missed.
func ParseTyping(payload string) (t Typing, ok bool) {
	ids := strings.Fields(payload)
	if len(ids) != 3 {
		return t, false
	}
	return Typing{ids[0], ids[1], ids[2]}, true
}

// Typing signals on all nodes that the actor is writing in a channel. It fails with
// Forbidden "person_required" or "missing_permission", NotFound "channel_not_found", or
// Limited "rate_limited" within three seconds of the previous signal.
func (r *ReadStates) Typing(ctx context.Context, caller actor.Actor, communityID, channelID string) error {
	if err := r.requireMember(ctx, caller, communityID); err != nil {
		return err
	}
	p, err := place.Of(ctx, r.d.DB, r.d.Access, caller, communityID, channelID, "")
	if err != nil {
		return err
	}
	if err := p.RequirePosting(); err != nil {
		return err
	}
	signal := strings.Join([]string{communityID, channelID, p.Subject.MemberID}, " ")
	if wait := r.typing.allow(signal, r.d.Clock.Now()); wait > 0 {
		return errs.New(errs.Limited, "rate_limited", "Signal at most once in three seconds that someone is typing.").WithRetry(wait)
	}
	return r.d.DB.Notify(ctx, TypingTopic, signal)
}

// typing limits the signals of this process.
type typing struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// maxSignals is the number of entries from which expired ones are removed.
const maxSignals = 10_000

func newTyping() *typing { return &typing{last: map[string]time.Time{}} }

// allow records a signal and returns 0, or returns the time until one is allowed.
func (t *typing) allow(signal string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := typingInterval - now.Sub(t.last[signal]); wait > 0 && wait <= typingInterval { // else the clock was set back
		return wait
	}
	if len(t.last) >= maxSignals {
		for one, at := range t.last {
			if age := now.Sub(at); age >= typingInterval || age < 0 {
				delete(t.last, one)
			}
		}
	}
	t.last[signal] = now
	return 0
}
