package live

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	roomTick    = 250 * time.Millisecond
	reviewEvery = 500 * time.Millisecond // of memberships, which change without a signal
	markPause   = time.Second            // at least, between two marks after silences
	maxGhosts   = 100                    // deleted channels whose events clients can resume
	onlineEvery = time.Minute            // between two records of the members online
	pageEvents  = 256
)

// room has the clients of a community and reads its events once for all of them.
type room struct {
	hub         *Hub
	communityID string
	ctx         context.Context //nolint:containedctx // ends when the last client has left
	stop        context.CancelFunc
	ready       chan struct{} // closed once position is known, or failure is set
	failure     error
	entered     int         // guarded by the lock of the hub
	signals     chan signal // typing and presence, may be lost

	// run uses these alone.
	reviewedAt  time.Time
	reviewed    []*Client // empty, with room for the next review
	rights      int64     // version of the tables when channels was read
	rightsKnown bool
	credentials int64
	onlineAt    time.Time // when the members online were recorded

	recording atomic.Bool // the members online are being recorded

	mu       sync.Mutex
	position int64 // sequence of the last delivered event
	eventAt  int64 // when it was delivered, Unix milliseconds
	channels map[string]chat.Channel
	ghosts   map[string]chat.Channel // deleted channels whose event is yet to come, and the last ones
	buried   []string                // the ghosts whose event was delivered, in order
	named    map[string]bool         // members that an override names
	classes  map[string]*class       // by key
	members  map[string][]*Client    // by the id of the member
	clients  map[*Client]struct{}
}

func newRoom(h *Hub, communityID string) *room {
	r := &room{
		hub: h, communityID: communityID, ready: make(chan struct{}), signals: make(chan signal, 256),
		ghosts: map[string]chat.Channel{}, members: map[string][]*Client{}, clients: map[*Client]struct{}{},
	}
	r.ctx, r.stop = context.WithCancel(h.ctx)
	r.onlineAt = h.Clock.Now()
	return r
}

// run delivers events until the last client has left.
func (r *room) run() {
	changed, stop := r.hub.Events.Watch(r.communityID)
	defer stop()
	r.failure = r.open()
	close(r.ready)
	if r.failure != nil {
		return
	}
	tick := time.NewTicker(roomTick)
	defer tick.Stop()
	for failed := false; ; {
		select {
		case <-r.ctx.Done():
			return
		case <-changed:
			failed = !r.report(r.advance())
		case s := <-r.signals:
			r.relay(s)
		case <-tick.C:
			if failed {
				failed = !r.report(r.advance())
			}
			r.report(r.review())
			r.mark()
			r.recordOnline()
		}
	}
}

// recordOnline records the members with open connections, once a minute.
func (r *room) recordOnline() {
	now := r.hub.Clock.Now()
	if age := now.Sub(r.onlineAt); age >= 0 && age < onlineEvery || !r.recording.CompareAndSwap(false, true) {
		return
	}
	r.onlineAt = now
	r.mu.Lock()
	memberIDs := slices.Sorted(maps.Keys(r.members))
	r.mu.Unlock()
	r.hub.Go(func() {
		defer r.recording.Store(false)
		r.report(r.hub.Connected(r.ctx, r.communityID, memberIDs))
	})
}

// report logs an error; the next tick tries again.
func (r *room) report(err error) (ok bool) {
	if err != nil && r.ctx.Err() == nil {
		r.hub.Log.LogAttrs(r.ctx, slog.LevelWarn, "live events are delayed", slog.String("community_id", r.communityID), slog.String("error", err.Error()))
	}
	return err == nil
}

func (r *room) open() (err error) {
	r.rights, r.rightsKnown = r.hub.rights.Version()
	all, err := r.allChannels()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setChannels(all)
	r.position, err = r.hub.Events.Latest(r.ctx, r.communityID)
	return err
}

func (r *room) allChannels() ([]chat.Channel, error) {
	return r.hub.Chat.SeenBy(r.ctx, access.ChannelActor{FixedRule: access.RuleInstallationOwner}, r.communityID)
}

// add adds a client and sends hello. It reports whether it is the first one of its
// member.
func (r *room) add(c *Client, subject access.ChannelActor) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(c, r.classFor(c.caller, subject))
	r.clients[c] = struct{}{}
	if c.memberID != "" {
		r.members[c.memberID] = append(r.members[c.memberID], c)
	}
	c.known, c.from, c.markedAt, c.opening = r.position, r.position, r.hub.Clock.MS(), openingTicks
	c.Send(answer{Op: OpHello, ConnectionID: c.id, CommunityID: r.communityID, Sequence: &c.known, Heartbeat: heartbeat}.frame())
	return c.memberID != "" && len(r.members[c.memberID]) == 1
}

// remove removes a client. It reports whether it was the last one of its member.
func (r *room) remove(c *Client) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(c, nil)
	delete(r.clients, c)
	if others := slices.DeleteFunc(r.members[c.memberID], func(other *Client) bool { return other == c }); len(others) > 0 {
		r.members[c.memberID] = others
		return false
	}
	delete(r.members, c.memberID)
	return c.memberID != ""
}

func (r *room) closeAll(code Code, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.clients {
		c.Close(code, reason)
	}
}

// advance delivers all new events.
func (r *room) advance() error {
	for {
		page, err := r.hub.Events.Read(r.ctx, r.communityID, event.Query{After: r.position, Limit: pageEvents})
		if errs.KindOf(err) == errs.Gone { // behind for longer than events are kept
			r.closeAll(CodeTooSlow, "events were deleted")
			r.mu.Lock()
			r.position, err = r.hub.Events.Latest(r.ctx, r.communityID)
			r.mu.Unlock()
		}
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if err := r.deliver(e); err != nil {
				return err
			}
		}
		r.mu.Lock()
		r.position = max(r.position, page.Next)
		r.mu.Unlock()
		if !page.More {
			return nil
		}
	}
}

// deliver sends an event to the clients that may see it. Rights are those that the
// database has when the event is delivered.
func (r *room) deliver(e event.Event) error {
	if err := r.reviewChannels(); err != nil {
		return err
	}
	v, err := r.newView(e)
	if err != nil {
		return err
	}
	r.mu.Lock()
	err = r.deliverTo(v)
	if sqldb.IsUnavailable(err) || r.ctx.Err() != nil {
		r.mu.Unlock()
		return err
	}
	r.position, r.eventAt = e.Sequence, r.hub.Clock.MS()
	if e.Type == chat.EventDeleted {
		r.forget(v.channelID)
	}
	var concerned []*Client
	if changesRights(e.Type) {
		concerned = slices.Clone(r.members[e.UserID])
	}
	r.mu.Unlock()
	r.report(err) // an event that cannot be shown must not stop the others
	if len(concerned) == 0 {
		return nil
	}
	return r.reviewMembers(concerned)
}

// deliverTo sends an event. The room is locked.
func (r *room) deliverTo(v *view) error {
	now := r.hub.Clock.MS()
	send := func(c *Client, in sight) error {
		f, err := v.frame(r.ctx, c, in)
		if f != nil {
			c.deliver(f, now)
		}
		return err
	}
	for _, c := range r.members[v.event.UserID] { // of "": none
		if err := send(c, c.class.sees[v.channelID]); err != nil {
			return err
		}
	}
	if v.live == nil || v.channelID == "" {
		return nil
	}
	for _, memberID := range v.participants {
		for _, c := range r.members[memberID] {
			if c.memberID != v.event.UserID && c.wants(v.channelID) && c.caller.InChannel(v.channelID) {
				if err := send(c, sight{}); err != nil {
					return err
				}
			}
		}
	}
	for _, k := range r.classes {
		in, visible := r.sight(k, v)
		if !visible {
			continue
		}
		for c := range k.clients {
			if (c.memberID == "" || c.memberID != v.event.UserID) && c.wants(v.channelID) {
				if err := send(c, in); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sight returns the rights of a class in the channel of an event, and for the event
// of a deletion those before it.
func (r *room) sight(k *class, v *view) (in sight, visible bool) {
	if in, visible = k.sees[v.channelID]; visible || v.event.Type != chat.EventDeleted {
		return in, visible
	}
	ghost, known := r.ghosts[v.channelID]
	if !known {
		return in, false
	}
	return sightOf(k.subject, ghost)
}

// forget ends the subscriptions of a deleted channel. The room is locked.
func (r *room) forget(channelID string) {
	if r.buried = append(r.buried, channelID); len(r.buried) > maxGhosts {
		delete(r.ghosts, r.buried[0])
		r.buried = r.buried[1:]
	}
	for c := range r.clients {
		if _, found := c.channels[channelID]; found && !c.waits() {
			r.drop(c, channelID, "deleted")
		}
	}
}

// dropDeleted ends the subscription of a client to a deleted channel, whose event it
// has received.
func (r *room) dropDeleted(c *Client, channelID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, found := c.channels[channelID]; found {
		r.drop(c, channelID, "deleted")
	}
}

// mark sends marks to the clients that wait for one: after a silence, and at the
// latest after 15 seconds.
func (r *room) mark() {
	now := r.hub.Clock.MS()
	r.mu.Lock()
	defer r.mu.Unlock()
	quiet := now-r.eventAt >= roomTick.Milliseconds() || now < r.eventAt
	f := markFrame(r.position)
	for c := range r.clients {
		age := now - c.markedAt
		if c.waits() {
			c.open()
			continue
		}
		due := age >= markEvery.Milliseconds() || age < 0 || quiet && c.known < r.position && age >= markPause.Milliseconds()
		if due {
			c.known, c.markedAt = r.position, now
			c.Send(f)
		}
	}
}
