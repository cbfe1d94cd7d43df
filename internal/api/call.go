package api

import (
	"context"
	"net/http"

	"github.com/regulars/regulars/internal/access/standing"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/idempotency"
)

// Call is a request to an operation that was added with AddRaw. Access has been
// checked, except in a community that only the body names.
type Call struct {
	W     http.ResponseWriter
	R     *http.Request
	api   *API
	route *Route
}

// InCommunity sets the community of the actor to the one that ids name. Without ids
// (or only ""), it is the community of address or credential. It returns an error
// if no permission of the route is granted there.
func (c *Call) InCommunity(ctx context.Context, ids ...string) (context.Context, error) {
	named := make([]string, 0, len(ids))
	for _, id := range ids {
		if id != "" {
			named = append(named, id)
		}
	}
	return c.api.inBodyCommunity(ctx, c.route.Permissions, named...)
}

// NamedCommunities returns the ids of communities in path and query.
func (c *Call) NamedCommunities() []string { return namedCommunities(c.R) }

// Can returns nil if the actor has a permission of the route in their community,
// else the reason.
func (c *Call) Can(ctx context.Context, caller actor.Actor) error {
	return c.api.Access.CanAny(ctx, caller, caller.CommunityID, c.route.Permissions...)
}

// Admit returns the context of a route with AdmitsItself for a token: the person of
// the token, in the community that path and query name. It fails as other routes do,
// or with Forbidden "person_required" for the key of a community.
func (c *Call) Admit(token string) (context.Context, error) {
	caller, err := c.api.authenticateToken(c.W, c.R, token)
	if err != nil {
		return nil, err
	}
	for i, need := range c.route.Permissions {
		if err = standing.RequirePerson(c.api.Access, caller, need); err == nil {
			break
		} else if i == len(c.route.Permissions)-1 {
			return nil, err
		}
	}
	return c.api.inCommunity(actor.NewContext(c.R.Context(), caller), c.route.Permissions, c.NamedCommunities()...)
}

// Reauthorize returns nil if the credential of an open request is still valid in
// the community of ctx, else the reason.
func (c *Call) Reauthorize(ctx context.Context) error {
	caller, err := c.api.Access.Authenticate(ctx, httpx.Credential(c.R))
	if err != nil {
		return err
	}
	_, err = c.api.inCommunity(actor.NewContext(ctx, caller), c.route.Permissions, CommunityID(ctx))
	return err
}

// Once runs next in the context ctx, unless a request with the same idempotency
// key and content has run before: then it replays the first response.
func (c *Call) Once(ctx context.Context, content []byte, next http.HandlerFunc) {
	c.api.once(c.route, c.W, c.R.WithContext(ctx), content, next)
}

// IdempotencyKey returns the idempotency key of the request, "" for none.
func (c *Call) IdempotencyKey() (string, error) { return idempotencyKey(c.R) }

// Reserve reserves an idempotency key without expiry for the caller in ctx. It
// returns the response if a request with the same key and content has run before.
func (c *Call) Reserve(ctx context.Context, key, fingerprint string) (context.Context, *Reservation, *idempotency.Response, error) {
	ctx, reserved, before, err := c.api.Once.Begin(ctx, scopeOf(c.R.WithContext(ctx)), key, fingerprint, true)
	return ctx, &Reservation{c.api, reserved}, before, err
}

// Replay writes the response of an earlier request.
func (c *Call) Replay(before *idempotency.Response) { replay(c.W, before) }

// Reservation is a reserved idempotency key, or none if the request has no key.
type Reservation struct {
	api      *API
	reserved *idempotency.Reservation
}

// Preset stores the response in the commit of the change.
func (r *Reservation) Preset(header map[string]string, body any) {
	if r.reserved != nil {
		r.reserved.SetResponse(http.StatusOK, header, encode(body))
	}
}

// Finish stores the response, or releases the key if status is an error.
func (r *Reservation) Finish(ctx context.Context, status int, header map[string]string, body any) {
	if r.reserved == nil {
		return
	}
	err := r.reserved.Finish(context.WithoutCancel(ctx), status, header, encode(body), false)
	if err != nil && status < http.StatusBadRequest {
		r.api.logNotStored(ctx, err)
	}
}
