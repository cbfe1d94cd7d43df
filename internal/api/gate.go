package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/id"
)

// enter is the way into every JSON operation, in the order that keeps secrets:
// the credential, then the address, then the body, then whether the request
// was answered before.
func (a *API) enter(rt *route, op *huma.Operation, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	r, err := a.admit(rt, w, r)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		held(w, r, next)
		return
	}
	body, err := a.takeBody(rt, op, w, r)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	if rt.is(signsIn) {
		if r, err = a.limitSignIns(rt, w, r, body); err != nil {
			httpx.WriteError(w, r, err)
			return
		}
	}
	if r.Method == http.MethodPost && !rt.is(reads) {
		a.onceOnly(rt, w, r, body, next)
		return
	}
	held(w, r, next)
}

// admit judges the credential and what it may do here, then the form of the
// address. The request it returns carries the actor, whose CommunityID is the
// community the request is about, except where only the body can tell.
func (a *API) admit(rt *route, w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	r, err := a.judge(rt, w, r)
	if err == nil {
		err = readableAddress(r.URL)
	}
	return r, err
}

func (a *API) judge(rt *route, w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	if rt.is(anyone) {
		return r, nil
	}
	caller, err := a.authenticate(w, r)
	if err != nil {
		return r, err
	}
	if rt.is(personal) {
		return r.WithContext(actor.NewContext(r.Context(), caller)), a.Access.CanAsPerson(caller, rt.need)
	}
	if caller.Kind == actor.Anonymous {
		if rt.is(open) {
			return r, nil
		}
		return r, a.may(r.Context(), caller, rt.need)
	}
	ctx := actor.NewContext(r.Context(), caller)
	named := namedCommunities(r)
	if len(named) == 0 && caller.CommunityID == "" && rt.is(inBody) {
		return r.WithContext(ctx), nil
	}
	ctx, err = a.into(ctx, rt.need, named...)
	return r.WithContext(ctx), err
}

// authenticate says whose the credential is. One that is not valid counts like
// none at all: else any nonsense would lift the limit.
func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (actor.Actor, error) {
	caller, err := a.Access.Authenticate(r.Context(), httpx.Credential(r))
	if errs.KindOf(err) == errs.Unauthenticated {
		if limited := a.nobody.Allow(w, r, httpx.Network(r)); limited != nil {
			return caller, limited
		}
	}
	if err == nil && caller.Kind != actor.Anonymous {
		httpx.LiftBodyTimeout(r)
	}
	return caller, err
}

// into makes the community that names name, or the credential's own, the one
// the request is about, if the actor may do there one of what is needed.
func (a *API) into(ctx context.Context, need []actor.Permission, names ...string) (context.Context, error) {
	caller := actor.FromContext(ctx)
	for _, name := range names {
		if caller.CommunityID == name {
			continue
		}
		if caller.CommunityID != "" && caller.Kind != actor.CommunityKey {
			return ctx, errs.New(errs.Invalid, "community_ambiguous", "The request names two communities; name one.")
		}
		if !id.Valid(name) {
			name = "-" // what it is not must not reach the database
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
	if err := a.may(ctx, caller, need); err != nil {
		return ctx, err
	}
	a.Members.NoteVisit(ctx, caller, caller.CommunityID)
	return actor.NewContext(ctx, caller), nil
}

// intoBody is into for the community that a body names, "" where it does not.
func (a *API) intoBody(ctx context.Context, need []actor.Permission, names ...string) (context.Context, error) {
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	if len(names) == 0 && here(ctx) != "" {
		return ctx, nil // judged before the body was read
	}
	return a.into(ctx, need, names...)
}

// may returns nil if the actor may do one of need, else why not the first.
func (a *API) may(ctx context.Context, actor actor.Actor, need []actor.Permission) (refusal error) {
	if len(need) == 0 {
		return errors.New("an operation does not say who may use it")
	}
	for _, permission := range need {
		err := a.Access.Can(ctx, actor, actor.CommunityID, permission)
		if err == nil {
			return nil
		}
		if refusal == nil {
			refusal = err
		}
	}
	return refusal
}

// here is the community a request is about, once it was admitted.
func here(ctx context.Context) string { return actor.FromContext(ctx).CommunityID }

// namedCommunities are the communities that path and query name.
func namedCommunities(r *http.Request) (names []string) {
	query := r.URL.Query()
	for _, key := range []string{"communityId", "serverId"} {
		for _, name := range []string{r.PathValue(key), query.Get(key)} {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// readableAddress refuses what no database text can hold.
func readableAddress(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errs.New(errs.Invalid, "bad_query", "The query is not well-formed.")
	}
	if !readable(u.Path) {
		return errs.New(errs.Invalid, "bad_path", "The path holds a zero byte or bytes that are not UTF-8.")
	}
	var wrong []errs.Field
	for name, values := range query {
		if !readable(name) || !readable(strings.Join(values, "")) {
			wrong = append(wrong, errs.Field{Field: strings.ToValidUTF8(name, "\uFFFD"), Code: "bad_text", Message: "It holds a zero byte or bytes that are not UTF-8."})
		}
	}
	return errs.InvalidFields(wrong)
}

func readable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
