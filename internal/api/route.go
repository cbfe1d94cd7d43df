package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/httpx"
)

// route is one operation: where it is, who may, and how it treats its input.
type route struct {
	method, path string
	name         string             // operationId, and the key of its text in descriptions
	summary      string             //
	need         []actor.Permission // one of them is enough
	traits       trait
}

// trait is what is special about an operation; traits add up.
type trait int

const (
	seen      trait = 1 << iota // other servers have it too: unknown JSON fields are ignored and named in a header
	inBody                      // the community may be named in the body, so it is judged after reading
	created                     // answers 201
	accepted                    // answers 202
	open                        // may be used without a credential where a community allows it
	reads                       // a POST that only asks
	takesFile                   // reads a form with a file
	forever                     // its answer is kept for its Idempotency-Key without end
	anyone                      // needs no credential, and looks at none
	secret                      // its answer holds a secret, so it is not kept for its Idempotency-Key
	expires                     // answers 410 when what it is given works no more
	signsIn                     // is counted against the limits of sign-ins
	personal                    // is about the person who asks, not about a community: needs a session or a user key
)

func (rt *route) is(t trait) bool { return rt.traits&t != 0 }

// area is a group of operations under one heading of the document.
type area struct {
	api *API
	tag string
}

// add describes an operation and serves it: the credential is judged first,
// then path, query and body are checked, then handle runs.
func add[I, O any](a area, rt route, handle func(context.Context, *I) (*O, error)) {
	op := a.operation(&rt)
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		a.api.enter(&rt, ctx.Operation(), w, r, func(w http.ResponseWriter, r *http.Request) {
			next(humachi.NewContext(ctx.Operation(), r, w))
		})
	}}
	huma.Register(a.api.huma, *op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, httpx.NewFailure(ctx, err)
		}
		return out, nil
	})
	if rt.is(seen) {
		a.api.allowUnknown(rt)
	}
}

// addRaw is add for what is not JSON: the operation describes itself and reads
// its own body.
func addRaw(a area, rt route, describe func(*huma.Operation, huma.Registry), serve http.HandlerFunc) {
	op := a.operation(&rt)
	describe(op, a.api.huma.OpenAPI().Components.Schemas)
	a.api.huma.OpenAPI().AddOperation(op)
	a.api.router.MethodFunc(rt.method, rt.path, func(w http.ResponseWriter, r *http.Request) {
		r, err := a.api.admit(&rt, w, r)
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		serve(w, r)
	})
}

func (a area) operation(rt *route) *huma.Operation {
	status := http.StatusOK
	if rt.is(created) {
		status = http.StatusCreated
	}
	if rt.is(accepted) {
		status = http.StatusAccepted
	}
	op := &huma.Operation{
		OperationID: rt.name, Method: rt.method, Path: rt.path,
		Summary: rt.summary, Description: describe(rt), Tags: []string{a.tag},
		DefaultStatus: status,
		// enter has read and bounded the body already.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
		Parameters: rt.parameters(),
		Responses:  rt.responses(status),
		Extensions: map[string]any{"x-permissions": append([]actor.Permission{}, rt.need...)},
	}
	if rt.is(anyone) {
		op.Security = []map[string][]string{}
	}
	if rt.is(open) {
		op.Security = []map[string][]string{{}, {"bearer": {}}, {"apiKey": {}}}
	}
	return op
}

func (rt *route) responses(status int) map[string]*huma.Response {
	all := map[string]*huma.Response{}
	for _, code := range rt.failures() {
		all[strconv.Itoa(code)] = &huma.Response{Ref: "#/components/responses/" + failureNames[code]}
	}
	ok := &huma.Response{Description: http.StatusText(status), Headers: map[string]*huma.Param{}}
	if rt.is(seen) && rt.method == http.MethodPost {
		ok.Headers["X-Unknown-Fields"] = &huma.Header{
			Description: "The JSON or form fields that were sent and ignored because the operation has none of that name.",
			Schema:      &huma.Schema{Type: huma.TypeString},
		}
	}
	all[strconv.Itoa(status)] = ok
	return all
}
