// Package realtime has the operation that opens a live connection: a WebSocket, or a
// stream of server-sent events.
package realtime

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/live"
)

// protocol is the sub-protocol of WebSockets.
const protocol = "regulars.v1"

// handlers serve the operation.
type handlers struct {
	hub *live.Hub
}

// New returns the area.
func New(hub *live.Hub) api.Area {
	h := &handlers{hub}
	return api.Area{Tag: "Real time", Description: "Events of a community as they happen.", Routes: h.routes}
}

func (h *handlers) routes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "GET", Path: "/v1/realtime", ID: "connect", Summary: "Open a live connection",
		Permissions: []actor.Permission{permission.GetMessages}, Traits: api.AdmitsItself,
		Description: "A WebSocket with the sub-protocol `regulars.v1`, or with `Accept: text/event-stream` a stream of server-sent events. docs/realtime.md describes the frames. " +
			"The credential is a session or a key of a person: in the header, the session cookie for pages of this server, or the first frame `auth` within 10 seconds. " +
			"403 `person_required` for the key of a community, 429 `too_many_connections` for an account with 50 connections to the node.",
	}, describe, h.connect)
}

func describe(op *huma.Operation, _ huma.Registry) {
	text := &huma.Schema{Type: huma.TypeString}
	op.Parameters = append(op.Parameters,
		&huma.Param{Name: "communityId", In: "query", Description: "Required for a person with several memberships.", Schema: text},
		&huma.Param{Name: "channels", In: "query", Description: "Of a stream: channels to subscribe to, separated by commas; * (the default) is every visible one.", Schema: text},
		&huma.Param{Name: "after", In: "query", Description: "Of a stream: the sequence to resume after, as Last-Event-ID.", Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64"}},
	)
	ok := op.Responses["200"]
	ok.Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString, Description: "id: the sequence, event: the type, data: the data of an event."}}}
	op.Responses["101"] = &huma.Response{Description: "The connection is a WebSocket."}
	op.Responses["426"] = &huma.Response{Description: "Neither a WebSocket nor a stream was requested."}
}

func (h *handlers) connect(c *api.Call) {
	switch {
	case strings.EqualFold(c.R.Header.Get("Upgrade"), "websocket"):
		h.upgrade(c)
	case accepts(c.R, "text/event-stream"):
		h.stream(c)
	default:
		c.W.Header().Set("Upgrade", "websocket")
		httpx.WriteFailure(c.W, httpx.StatusFailure(c.R.Context(), http.StatusUpgradeRequired, "upgrade_required",
			"Open this address as a WebSocket, or accept text/event-stream."))
	}
}

func accepts(r *http.Request, media string) bool {
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		name, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), media) {
			return true
		}
	}
	return false
}

// token returns the credential in the headers of a request, "" for none.
func token(r *http.Request) string {
	if given := httpx.Credential(r); given != "" {
		return given
	}
	return httpx.SessionOfOrigin(r)
}

// codeOf returns the code that closes a connection whose token was rejected.
func codeOf(err error) live.Code {
	switch errs.KindOf(err) {
	case errs.Unauthenticated:
		return live.CodeUnauthenticated
	case errs.Forbidden, errs.NotFound:
		return live.CodeNotMember
	case errs.Limited, errs.Unavailable, errs.Internal:
		return live.CodeTryLater
	default:
		return live.CodeUnauthenticated
	}
}
