package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/id"
)

// serve handles a request to a JSON operation in the order that protects data:
// credential, address, body, idempotency key.
func (a *API) serve(rt *Route, op *huma.Operation, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	r, err := a.authorize(rt, w, r)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		buffered(w, r, next)
		return
	}
	body, err := a.readBody(rt, op, w, r)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if rt.is(LimitSignIns) {
		if r, err = a.limitSignIns(rt, w, r, body); err != nil {
			httpx.WriteError(w, r, err)
			return
		}
	}
	if r.Method == http.MethodPost && !rt.is(ReadOnly) {
		a.once(rt, w, r, body, next)
		return
	}
	buffered(w, r, next)
}

// authorize checks the credential, its access to the operation and the encoding
// of the address. The context of the returned request has the actor; its
// CommunityID is the community of the request, or "" if the body may name it.
func (a *API) authorize(rt *Route, w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	r, err := a.checkAccess(rt, w, r)
	if err == nil {
		err = readableAddress(r.URL)
	}
	return r, err
}

func (a *API) checkAccess(rt *Route, w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	if rt.is(Public | AdmitsItself) {
		return r, nil
	}
	caller, err := a.authenticate(w, r)
	if err != nil {
		return r, err
	}
	if rt.is(PerUser) {
		return r.WithContext(actor.NewContext(r.Context(), caller)), a.Access.CanAsPerson(caller, rt.Permissions)
	}
	if rt.is(AnyCredential) {
		if caller.Kind == actor.Anonymous {
			return r, actor.AuthenticationRequired()
		}
		return r.WithContext(actor.NewContext(r.Context(), caller)), nil
	}
	if caller.Kind == actor.Anonymous {
		if rt.is(OpenImport) {
			return r, nil
		}
		return r, a.Access.CanAny(r.Context(), caller, caller.CommunityID, rt.Permissions...)
	}
	ctx := actor.NewContext(r.Context(), caller)
	named := namedCommunities(r)
	if len(named) == 0 && caller.CommunityID == "" && rt.is(CommunityInBody) {
		return r.WithContext(ctx), nil
	}
	ctx, err = a.inCommunity(ctx, rt.Permissions, named...)
	return r.WithContext(ctx), err
}

// authenticate returns the actor of the credential. An invalid credential counts
// against the limit of anonymous requests: otherwise a made-up one would lift it.
func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (actor.Actor, error) {
	return a.authenticateToken(w, r, httpx.Credential(r))
}

func (a *API) authenticateToken(w http.ResponseWriter, r *http.Request, token string) (actor.Actor, error) {
	caller, err := a.Access.Authenticate(r.Context(), token)
	if errs.KindOf(err) == errs.Unauthenticated {
		if limited := a.anonymous.Allow(w, r, httpx.Network(r)); limited != nil {
			return caller, limited
		}
	}
	caller.Cache = &actor.Cache{}
	if err == nil && caller.Kind != actor.Anonymous {
		httpx.LiftBodyTimeout(r)
	}
	return caller, err
}

// inCommunity sets the community of the actor to the one that ids name, or else to
// that of the credential, if one of the permissions is granted there.
func (a *API) inCommunity(ctx context.Context, permissions []actor.Permission, ids ...string) (context.Context, error) {
	caller := actor.FromContext(ctx)
	for _, name := range ids {
		if caller.CommunityID == name {
			continue
		}
		if caller.CommunityID != "" && caller.Kind != actor.CommunityKey {
			return ctx, errs.New(errs.Invalid, "community_ambiguous", "The request names two communities; name one.")
		}
		if !id.Valid(name) {
			name = "-" // an invalid id must not reach the database
		}
		found, err := a.Access.ResolveCommunity(ctx, caller, name)
		if err != nil {
			return ctx, err
		}
		caller.CommunityID = found
	}
	if caller.CommunityID == "" {
		found, err := a.Access.ResolveCommunity(ctx, caller, "")
		if err != nil {
			return ctx, err
		}
		caller.CommunityID = found
	}
	if err := a.Access.CanAny(ctx, caller, caller.CommunityID, permissions...); err != nil {
		return ctx, err
	}
	a.Visited(ctx, caller, caller.CommunityID)
	return actor.NewContext(ctx, caller), nil
}

// inBodyCommunity is inCommunity for the ids in a body, which may have none.
func (a *API) inBodyCommunity(ctx context.Context, permissions []actor.Permission, ids ...string) (context.Context, error) {
	if len(ids) == 0 && CommunityID(ctx) != "" {
		return ctx, nil // checked before the body was read
	}
	return a.inCommunity(ctx, permissions, ids...)
}

// CommunityID returns the community of a request, "" if it has none (yet).
func CommunityID(ctx context.Context) string { return actor.FromContext(ctx).CommunityID }

// namedCommunities returns the ids in path and query.
func namedCommunities(r *http.Request) (ids []string) {
	query := r.URL.Query()
	for _, key := range []string{"communityId", "serverId"} {
		for _, id := range []string{r.PathValue(key), query.Get(key)} {
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// readableAddress rejects text that the databases cannot store.
func readableAddress(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errs.New(errs.Invalid, "bad_query", "The query is not well-formed.")
	}
	if !readable(u.Path) {
		return errs.New(errs.Invalid, "bad_path", "The path must be UTF-8 without NUL characters.")
	}
	var wrong []errs.Field
	for name, values := range query {
		if !readable(name) || !readable(strings.Join(values, "")) {
			wrong = append(wrong, errs.Field{Field: strings.ToValidUTF8(name, "\uFFFD"), Code: "bad_text", Message: "The value must be UTF-8 without NUL characters."})
		}
	}
	return errs.InvalidFields(wrong)
}

func readable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
