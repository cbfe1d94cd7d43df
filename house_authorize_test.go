package regulars_test

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const modulePath = "github.com/regulars/regulars/internal/"

// Reasons why a method that an area calls has no actor as a parameter.
const (
	byToken      = "the token proves the right"
	bySignIn     = "signs in, or is asked before"
	byCaller     = "accountID is that of the caller"
	byOperator   = "a figure of the installation; the guard of its pages admits the owner only"
	byFrame      = "part of the frame"
	authorized   = "completes what a method with an actor returned"
	publicReason = "says nothing about a community"
)

// withoutActor lists the exported methods and functions of features that areas
// call without an actor, with the reason.
var withoutActor = map[string]string{
	"access.Access.Authenticate": "returns the actor",

	"signin.Accounts.Account":                   "the account of the caller, and the names of accounts in histories",
	"signin.Accounts.AnswerChallenge":           bySignIn,
	"signin.Accounts.ConfirmEmail":              byToken,
	"session.Active.End":                        byCaller,
	"session.Active.EndAll":                     byCaller,
	"signin.Accounts.ForgotPassword":            bySignIn,
	"signin.Accounts.HasPassword":               byCaller,
	"throttle.Clients.KnownDevice":              bySignIn,
	"throttle.Clients.KnownDeviceOfAccount":     bySignIn,
	"throttle.Clients.KnownDeviceOfAny":         bySignIn,
	"signin.Accounts.KnownDeviceOfChallenge":    bySignIn,
	"signin.Accounts.PendingChange":             byToken,
	"signin.Accounts.PendingEmail":              byCaller,
	"signin.Accounts.RedeemLink":                byToken,
	"signin.Accounts.Register":                  bySignIn,
	"throttle.Clients.RememberDevice":           bySignIn,
	"signin.Accounts.ResetPassword":             byToken,
	"session.Active.List":                       byCaller,
	"signin.Accounts.Setup":                     byToken,
	"signin.Accounts.SetupPending":              publicReason,
	"signin.Accounts.SignIn":                    bySignIn,
	"passkey.Authenticators.SignInByPasskey":    bySignIn,
	"signin.Accounts.SignInWithCode":            bySignIn,
	"session.Active.SignOut":                    byToken,
	"passkey.Authenticators.StartPasskeySignIn": bySignIn,
	"signin.Accounts.VerifyEmail":               byToken,
	"account.Confirmed":                         bySignIn,

	"community.Communities.Get":          "the frame has admitted the actor to the community",
	"community.Communities.List":         "the frame, for the owner of the installation; open imports ask whether any community allows them",
	"directory.Directory.Summaries":      authorized,
	"moderation.Moderation.OfferOf":      byToken,
	"moderation.Moderation.DeclineOffer": byToken,
	"moderation.Moderation.Invitation":   "the code of an invite proves the right",
	"moderation.Moderation.StartFirst":   byToken,

	"event.Events.Latest": "a number that says nothing about the events; the page has checked the channel",

	"live.Client.Begin":     "the connection has the actor",
	"live.Client.Handle":    "the connection has the actor",
	"live.Client.Resume":    "the connection has the actor",
	"live.Client.Subscribe": "the connection has the actor",

	"jobs.Engine.Nodes":      byOperator,
	"jobs.Engine.Stats":      byOperator,
	"sqldb.DB.SchemaVersion": byOperator,
	"jobs.Engine.KindStats":  byOperator,

	"blob.Store.Create": "a file belongs to nobody until a feature has its id",
	"blob.Store.Delete": "the file of a rejected upload, which no feature has",

	"idempotency.Store.Begin":        byFrame,
	"idempotency.Reservation.Finish": byFrame,
	"actor.FromContext":              byFrame,
	"sqldb.Interactive":              byFrame,
	"httpx.NewFailure":               byFrame,
	"httpx.RequestID":                byFrame,
	"httpx.StatusFailure":            byFrame,
}

// TestAreasCallFeaturesWithAnActor checks that the areas of the API and of the
// console pass the actor to everything that they call with a context.
// TestMethodsThatActForAPersonAuthorize checks what those methods do with it.
func TestAreasCallFeaturesWithAnActor(t *testing.T) {
	areas, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, "./internal/api/...", "./internal/ui/...")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, area := range areas {
		for _, file := range area.Syntax {
			ast.Inspect(file, func(n ast.Node) bool {
				name, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				f, ok := area.TypesInfo.Uses[name].(*types.Func)
				if !ok || !needsActor(f) {
					return true
				}
				called[calledName(f)] = true
				if withoutActor[calledName(f)] == "" {
					t.Errorf("%s: %s has no actor after the context. Add it, check its permission first, or list the method with a reason.", area.Fset.Position(name.Pos()), calledName(f))
				}
				return true
			})
		}
	}
	for name := range withoutActor {
		if !called[name] {
			t.Errorf("no area calls %s without an actor: delete it from the list", name)
		}
	}
}

// needsActor reports whether a function of a lower package begins with a context
// that no actor follows.
func needsActor(f *types.Func) bool {
	if f.Pkg() == nil || !strings.HasPrefix(f.Pkg().Path(), modulePath) {
		return false
	}
	layer, _, _ := strings.Cut(strings.TrimPrefix(f.Pkg().Path(), modulePath), "/")
	if slices.Contains([]string{"api", "ui"}, layer) {
		return false
	}
	parameters := f.Type().(*types.Signature).Params()
	if parameters.Len() == 0 || parameters.At(0).Type().String() != "context.Context" {
		return false
	}
	return parameters.Len() < 2 || parameters.At(1).Type().String() != modulePath+"actor.Actor"
}

// calledName is the name of a function as package.Function or
// package.Type.Method.
func calledName(f *types.Func) string {
	name := f.Pkg().Name() + "."
	if receiver := f.Signature().Recv(); receiver != nil {
		of := receiver.Type()
		if pointer, ok := of.(*types.Pointer); ok {
			of = pointer.Elem()
		}
		name += of.(*types.Named).Obj().Name() + "."
	}
	return name + f.Name()
}

// actorFrames are the packages that put the actor of a request into a context
// and read it there. All others get it as a parameter.
var actorFrames = []string{"internal/api", "internal/ui", "internal/httpx", "internal/app", "internal/embed", "internal/live"}

func TestOnlyFramesReadTheActorFromAContext(t *testing.T) {
	for _, s := range sources(t) {
		inFrame := slices.ContainsFunc(actorFrames, func(frame string) bool { return s.dir() == frame || strings.HasPrefix(s.dir(), frame+"/") })
		if inFrame || s.dir() == "internal/actor" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := selector.X.(*ast.Ident)
			if ok && x.Name == "actor" && (selector.Sel.Name == "FromContext" || selector.Sel.Name == "NewContext") {
				t.Errorf("%s:%d: actor.%s is for the frames: pass the actor as a parameter", s.path, s.line(n.Pos()), selector.Sel.Name)
			}
			return true
		})
	}
}
