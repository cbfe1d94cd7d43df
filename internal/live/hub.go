// Package live delivers events, typing and presence to open connections. It has the
// frames and their rights; transports write them to the network.
package live

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/access/standing"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/sqldb"
)

// MaxPerAccount bounds the open connections of an account on this node.
const MaxPerAccount = 50

// Feature describes the package to the application.
func Feature() feature.Feature {
	return feature.Feature{Name: "live", Limits: []feature.Limit{{Name: "live_connections", Value: MaxPerAccount, Unit: "connections"}}}
}

// Deps are the parts that a Hub uses.
type Deps struct {
	DB       *sqldb.DB
	Access   *access.Access
	Standing *standing.Standing
	Chat     *chat.Chat
	Events   *event.Events
	Clock    clock.Clock
	Log      *slog.Logger
	Live     []feature.Live // of all features

	ReadStates *readstate.ReadStates // of typing and read markers

	// Active is called for each sign of a person at a connection.
	Active func(ctx context.Context, caller actor.Actor, communityID string)

	// Connected is called once a minute with the members that have open connections.
	Connected func(ctx context.Context, communityID string, memberIDs []string) error
}

// Hub has the live connections of this node, in one room for each community. It is
// safe for concurrent use.
type Hub struct {
	Deps
	credentials *sqldb.TableWatch // changes of sessions and keys
	rights      *sqldb.TableWatch // changes of channels, overrides and roles

	ctx  context.Context //nolint:containedctx // of the rooms; ends with Stop
	stop context.CancelFunc
	work sync.WaitGroup // goroutines of rooms and clients

	mu        sync.Mutex
	stopping  bool
	rooms     map[string]*room
	accounts  map[string]int // open connections
	unlisten  func()         // nil: not subscribed
	transport map[Transport]struct{}
}

// New returns a Hub without connections.
func New(d Deps) *Hub {
	h := &Hub{Deps: d, rooms: map[string]*room{}, accounts: map[string]int{}, transport: map[Transport]struct{}{}}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h
}

// Transport writes frames to one connection.
type Transport interface {
	// Send writes a frame within a minute. An error ends the connection.
	Send(f *Frame) error
	// Close ends the connection and waits for the answer of the client.
	Close(code Code, reason string)
	// Abort ends the connection at once, also during Send and Close.
	Abort()
}

// Code is the code with which a connection is closed.
type Code int

// Codes of closed connections.
const (
	CodeRestart         Code = 1012 // the server stops; connect again after 0 to 5 seconds
	CodeTryLater        Code = 1013 // the server is temporarily unavailable; resume works
	CodeUnauthenticated Code = 4001 // no valid token
	CodeNotMember       Code = 4003 // not an active member
	CodeTooSlow         Code = 4008 // too far behind, or too many frames; resume works
	CodeEnded           Code = 4009 // the session has ended or the key was revoked
)

// Connect adds a connection of the caller to a community and sends the frame hello.
// The caller of Connect calls Leave. It fails as standing.RequirePerson and
// access.Can do, or with Limited "too_many_connections" or Unavailable "stopping".
func (h *Hub) Connect(ctx context.Context, caller actor.Actor, communityID string, out Transport) (*Client, error) {
	if err := standing.RequirePerson(h.Access, caller, permission.GetMessages); err != nil {
		return nil, err
	}
	if err := h.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, err
	}
	caller.Cache = nil // the room does not watch for changes yet, so the membership has to be current
	subject, err := h.Access.ChannelActorOf(ctx, h.DB, caller, communityID)
	if err != nil {
		return nil, err
	}
	if err := standing.Active(subject); err != nil {
		return nil, err
	}
	c := newClient(h, caller, subject.MemberID, out)
	if err := h.count(c); err != nil {
		return nil, err
	}
	r, err := h.enter(ctx, communityID)
	if err != nil {
		h.release(c)
		return nil, err
	}
	c.room = r
	if first := r.add(c, subject); first {
		r.report(h.notifyPresence(ctx, communityID, c.memberID, true))
	}
	if h.isStopping() { // Stop may have closed the others before
		c.Close(CodeRestart, "restart")
	}
	return c, nil
}

// owner is the account, or the unclaimed member, that a connection counts for.
func owner(caller actor.Actor) string {
	if caller.AccountID != "" {
		return caller.AccountID
	}
	return caller.MemberID
}

// CheckRoom returns Limited "too_many_connections" if the caller can open no more
// connections.
func (h *Hub) CheckRoom(caller actor.Actor) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.checkRoom(caller)
}

func (h *Hub) checkRoom(caller actor.Actor) error {
	if h.stopping {
		return errs.New(errs.Unavailable, "stopping", "The server is restarting. Connect again in a few seconds.").WithRetry(retryStopping)
	}
	if h.accounts[owner(caller)] >= MaxPerAccount {
		return errs.New(errs.Limited, "too_many_connections", "An account can have at most %d live connections. Close one first.", MaxPerAccount).WithRetry(retryConnections)
	}
	return nil
}

func (h *Hub) count(c *Client) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.checkRoom(c.caller); err != nil {
		return err
	}
	h.accounts[owner(c.caller)]++
	h.transport[c.out] = struct{}{}
	return nil
}

func (h *Hub) isStopping() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopping
}

func (h *Hub) release(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.transport, c.out)
	name := owner(c.caller)
	if h.accounts[name]--; h.accounts[name] <= 0 {
		delete(h.accounts, name)
	}
}

// enter returns the room of a community and starts it for the first connection. The
// room stays until leave was called as often.
func (h *Hub) enter(ctx context.Context, communityID string) (*room, error) {
	h.mu.Lock()
	if h.stopping {
		h.mu.Unlock()
		return nil, errs.New(errs.Unavailable, "stopping", "The server is restarting. Connect again in a few seconds.").WithRetry(retryStopping)
	}
	if h.unlisten == nil {
		h.credentials, h.rights = h.Standing.CredentialChanges(), h.DB.WatchTables("channels", "channel_overrides", "roles", "communities")
		presence, typing := h.DB.Subscribe(signalTopic, h.signal), h.DB.Subscribe(readstate.TypingTopic, h.typing)
		h.unlisten = func() { presence(); typing() }
	}
	r := h.rooms[communityID]
	if r == nil {
		r = newRoom(h, communityID)
		h.rooms[communityID] = r
		h.work.Go(r.run)
	}
	r.entered++
	h.mu.Unlock()
	select {
	case <-r.ready:
	case <-ctx.Done():
		h.leave(r)
		return nil, ctx.Err()
	}
	if r.failure != nil {
		h.leave(r)
		return nil, r.failure
	}
	return r, nil
}

func (h *Hub) leave(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.entered--; r.entered == 0 {
		delete(h.rooms, r.communityID)
		r.stop()
	}
}

// Go runs f in a goroutine that Stop waits for.
func (h *Hub) Go(f func()) { h.work.Go(f) }

// Stop closes all connections with CodeRestart and waits for their ends, until ctx
// ends: then it aborts them.
func (h *Hub) Stop(ctx context.Context) {
	h.mu.Lock()
	h.stopping = true
	open := make([]Transport, 0, len(h.transport))
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	for t := range h.transport {
		open = append(open, t)
	}
	unlisten := h.unlisten
	h.mu.Unlock()
	for _, r := range rooms {
		r.closeAll(CodeRestart, "restart")
	}
	ended := make(chan struct{})
	go func() { h.work.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		for _, t := range open {
			t.Abort()
		}
		<-ended
	}
	h.stop()
	if unlisten != nil {
		unlisten()
	}
}

// liveOf returns the Live that covers a type of events, nil for none.
func (h *Hub) liveOf(eventType string) *feature.Live {
	for i := range h.Live {
		if strings.HasPrefix(eventType, h.Live[i].Prefix) {
			return &h.Live[i]
		}
	}
	return nil
}

// participants returns the members of a direct conversation, nil for a channel.
func (h *Hub) participants(ctx context.Context, communityID, channelID string) ([]string, error) {
	if !id.Valid(channelID) {
		return nil, nil
	}
	for i := range h.Live {
		if h.Live[i].Participants != nil {
			if members, err := h.Live[i].Participants(ctx, communityID, channelID); err != nil || len(members) > 0 {
				return members, err
			}
		}
	}
	return nil, nil
}
