// Package event has the operation that reads the events of a community.
package event

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/httpx"
)

// Deps are the collaborators of the area.
type Deps struct {
	Access   *access.Access
	Events   *event.Events
	Types    []event.Type
	Streams  *httpx.Streams  // open ones of API and console; nil: no limit
	Stopping <-chan struct{} // closed at shutdown, to end waiting requests; nil: never
}

// handlers serve the operations.
type handlers struct{ Deps }

// New returns the area.
func New(d Deps) api.Area {
	h := &handlers{d}
	return api.Area{
		Tag: "Events", Description: "Changes in a community, in order.",
		Routes:      h.routes,
		SchemaNames: schemaNames(d.Types),
		Webhooks:    func(schemas huma.Registry) map[string]*huma.PathItem { return webhooks(d.Types, schemas) },
	}
}

func (h *handlers) routes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/events", ID: "listEvents", Summary: "List events",
		Permissions: []actor.Permission{permission.Webhooks}, Traits: api.MayBeGone,
		Description: "The events of a community in the order of `sequence`, without those of conversations. Continue with `meta.next` as `after`. With `wait` the response is sent as soon as a matching event exists, or empty after that time. " +
			"A page may have fewer events than `limit` although more exist: `meta.next` is lower than `meta.latest` then. 410 `expired`: events after `after` were deleted; continue after `details.oldest` - 1. " +
			"429 `too_many_streams`: too many requests of the account or key are waiting. 503 `streams_busy`: too many are waiting on the server.",
	}, h.listEvents)
}

type eventActor struct {
	Type string `json:"type" enum:"user,key,system,hook,automation"`
	ID   string `json:"id,omitempty" doc:"Absent for system."`
}

type wireEvent struct {
	ID          string          `json:"id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Type        string          `json:"type" example:"user.joined_server"`
	CommunityID string          `json:"communityId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Sequence    int64           `json:"sequence" doc:"From 1 in the community; those of conversations are left out." example:"1042"`
	OccurredAt  string          `json:"occurredAt" format:"date-time" example:"2026-04-07T08:50:16.000Z"`
	Actor       *eventActor     `json:"actor,omitempty" doc:"Absent after the member was erased."`
	UserID      string          `json:"userId,omitempty" doc:"The member that the event concerns, if it concerns one." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Data        json.RawMessage `json:"data" doc:"By type, see webhooks in this document. After the member was erased: {\"erased\": true}."`
}

func newWireEvent(e event.Event) wireEvent {
	out := wireEvent{ID: e.ID, Type: e.Type, CommunityID: e.CommunityID, Sequence: e.Sequence, OccurredAt: clock.Format(e.OccurredAt), UserID: e.UserID, Data: e.Data}
	if !e.Erased {
		kind, actorID := event.ActorType(e.Actor)
		out.Actor = &eventActor{kind, actorID}
	}
	return out
}

type eventMeta struct {
	Next   int64 `json:"next" doc:"The next after: the sequence of the last examined event."`
	Latest int64 `json:"latest" doc:"The newest sequence; 0 without events."`
	Oldest int64 `json:"oldest" doc:"The oldest sequence that is kept."`
}

type eventQuery struct {
	After int64    `query:"after" minimum:"0" maximum:"9007199254740991" default:"0" doc:"Events with a greater sequence."`
	Types []string `query:"types" maxItems:"100" doc:"Only these types, separated by commas."`
	Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many events at most."`
	Wait  int      `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"Seconds to wait for an event."`

	request *http.Request
}

// Resolve remembers the request, to check its credential again after a wait.
func (q *eventQuery) Resolve(ctx huma.Context) []error {
	q.request, _ = humachi.Unwrap(ctx)
	return nil
}

func (q *eventQuery) query() event.Query {
	types := []string{}
	for _, name := range q.Types {
		if name = strings.TrimSpace(name); name != "" {
			types = append(types, name)
		}
	}
	return event.Query{After: q.After, Types: types, Limit: q.Limit}
}

func (h *handlers) listEvents(ctx context.Context, in *eventQuery) (*api.List[wireEvent, eventMeta], error) {
	page, err := h.Events.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.query())
	if err == nil && len(page.Events) == 0 && in.Wait > 0 {
		page, err = h.awaitEvents(ctx, in)
	}
	if err == nil && in.Wait > 0 {
		err = h.recheck(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return api.RespondList("Events", api.Convert(page.Events, newWireEvent), eventMeta{page.Next, page.Latest, page.Oldest}), nil
}

// recheck fails if the credential of a request that may have waited was revoked, or has
// lost the permission, before the events were read.
func (h *handlers) recheck(ctx context.Context, in *eventQuery) error {
	caller, err := h.Access.Authenticate(ctx, httpx.Credential(in.request))
	if err != nil {
		return err
	}
	return h.Access.Can(ctx, caller, api.CommunityID(ctx), event.PermRead)
}

// awaitEvents reads events until there are matching ones, the time is over or the
// server stops. It occupies no connection of the database while it waits, and
// checks the credential again afterwards.
func (h *handlers) awaitEvents(ctx context.Context, in *eventQuery) (event.Page, error) {
	caller := actor.FromContext(ctx)
	release, err := h.Streams.Open(caller.Uploader())
	if err != nil {
		return event.Page{}, err
	}
	defer release()
	changed, stop := h.Events.Watch(api.CommunityID(ctx))
	defer stop()
	end := time.NewTimer(time.Duration(in.Wait) * time.Second)
	defer end.Stop()
	q := in.query()
	for waits := true; ; {
		page, err := h.Events.List(ctx, caller, api.CommunityID(ctx), q)
		q.After = page.Next
		switch {
		case err != nil || len(page.Events) > 0 || !waits && !page.More:
			return page, err
		case page.More:
			continue
		}
		select {
		case <-ctx.Done():
			return page, ctx.Err()
		case <-h.Stopping:
			waits = false
		case <-end.C:
			waits = false
		case <-changed:
		}
		if caller, err = h.Access.Authenticate(ctx, httpx.Credential(in.request)); err != nil {
			return event.Page{}, err
		}
	}
}
