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

// Route declares an operation.
type Route struct {
	Method, Path string
	ID           string // operationId
	Summary      string
	Description  string             // what summary, fields and responses do not say
	Tag          string             // "": the tag of the area
	Permissions  []actor.Permission // one of them is enough
	Traits       Trait
	Secrets      []string // fields of the body that are left out of fingerprints
	KeyHeader    string   // another header that may have the API key; the path has no parameters then
}

// Trait is a special property of an operation; traits add up.
type Trait int

// The traits of operations.
const (
	Compat          Trait = 1 << iota // part of the compatible API: unknown JSON fields are ignored and named in a header
	CommunityInBody                   // the body may name the community, so access is checked after it is read; Add sets it itself
	Created                           // responds 201
	Accepted                          // responds 202
	OpenImport                        // needs no credential where a community allows open imports
	ReadOnly                          // a POST without effects
	KeepKey                           // the response is stored for its idempotency key without expiry
	AdmitsItself                      // the handler checks the credential with Call.Admit
	Public                            // needs no credential and ignores one
	Secret                            // the response has a secret, so only its _id is stored for the idempotency key
	MayBeGone                         // responds 410 to an expired link or object
	LimitSignIns                      // counts against the limits of sign-ins
	StartsSession                     // a sign-in: never replayed, and over the limit of a name the handler decides
	MayConflict                       // a GET that responds 409 to a channel of another type
	PerUser                           // concerns the calling person instead of a community: needs a session or a user key
	AnyCredential                     // concerns no community: every credential will do
	MayExist                          // responds 200 instead of 201 if the object exists
	MayRun                            // responds 202 instead of 200 while a job runs
)

func (rt *Route) is(t Trait) bool { return rt.Traits&t != 0 }

// Add describes an operation and serves it: access is checked first, then path,
// query and body are validated, then handle runs, in the community that the body
// names if I has a BodyCommunity.
func Add[I, O any](g *Group, rt Route, handle func(context.Context, *I) (*O, error)) {
	communities := bodyCommunities[I]()
	if communities != nil {
		rt.Traits |= CommunityInBody
	}
	op := g.operation(&rt)
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		g.api.serve(&rt, ctx.Operation(), w, r, func(w http.ResponseWriter, r *http.Request) {
			next(humachi.NewContext(ctx.Operation(), r, w))
		})
	}}
	huma.Register(g.api.huma, *op, func(ctx context.Context, in *I) (out *O, err error) {
		if communities != nil {
			ctx, err = g.api.inBodyCommunity(ctx, rt.Permissions, communities(in)...)
		}
		if err == nil {
			out, err = handle(ctx, in)
		}
		if err != nil {
			return nil, httpx.NewFailure(ctx, err)
		}
		return out, nil
	})
	if rt.is(MayExist) {
		alsoResponds(op, http.StatusCreated, http.StatusOK)
	}
	if rt.is(MayRun) {
		alsoResponds(op, http.StatusOK, http.StatusAccepted)
	}
	if rt.is(Compat) {
		g.api.allowUnknown(rt)
	}
}

// alsoResponds describes a second status with the response of the first.
func alsoResponds(op *huma.Operation, first, second int) {
	other := *op.Responses[strconv.Itoa(first)]
	other.Description = http.StatusText(second)
	op.Responses[strconv.Itoa(second)] = &other
}

// AddRaw adds an operation that is not JSON: it describes its request and
// response itself, reads the body and writes the response.
func AddRaw(g *Group, rt Route, describe func(*huma.Operation, huma.Registry), serve func(*Call)) {
	op := g.operation(&rt)
	describe(op, g.api.huma.OpenAPI().Components.Schemas)
	g.api.huma.OpenAPI().AddOperation(op)
	g.api.router.MethodFunc(rt.Method, rt.Path, func(w http.ResponseWriter, r *http.Request) {
		r, err := g.api.authorize(&rt, w, r)
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		serve(&Call{W: w, R: r, api: g.api, route: &rt})
	})
}

func (g *Group) operation(rt *Route) *huma.Operation {
	g.api.routes = append(g.api.routes, *rt)
	if rt.KeyHeader != "" {
		g.api.keyHeaders[rt.Path] = rt.KeyHeader
	}
	status := http.StatusOK
	if rt.is(Created) {
		status = http.StatusCreated
	}
	if rt.is(Accepted) {
		status = http.StatusAccepted
	}
	tag := rt.Tag
	if tag == "" {
		tag = g.tag
	}
	op := &huma.Operation{
		OperationID: rt.ID, Method: rt.Method, Path: rt.Path,
		Summary: rt.Summary, Description: rt.Description, Tags: []string{tag},
		DefaultStatus: status,
		// serve has read and bounded the body already.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
		Parameters: rt.parameters(),
		Responses:  rt.responses(status),
		Extensions: map[string]any{"x-permissions": append([]actor.Permission{}, rt.Permissions...)},
	}
	if rt.is(Public) {
		op.Security = []map[string][]string{}
	}
	if rt.is(OpenImport) {
		op.Security = []map[string][]string{{}, {"bearer": {}}, {"apiKey": {}}}
	}
	return op
}

func (rt *Route) responses(status int) map[string]*huma.Response {
	all := map[string]*huma.Response{}
	for _, code := range rt.failures() {
		all[strconv.Itoa(code)] = &huma.Response{Ref: "#/components/responses/" + failureNames[code]}
	}
	ok := &huma.Response{Description: http.StatusText(status), Headers: map[string]*huma.Param{}}
	if rt.is(Compat) && rt.Method == http.MethodPost {
		ok.Headers["X-Unknown-Fields"] = &huma.Header{
			Description: "The JSON or form fields that were sent and ignored because the operation has none of that name.",
			Schema:      &huma.Schema{Type: huma.TypeString},
		}
	}
	all[strconv.Itoa(status)] = ok
	return all
}
