package app_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/errs"
)

// callableByAll are methods that every actor may call, with the reason.
var callableByAll = map[string]string{
	"Presence.Record":            "visits of a person who is no member are not recorded",
	"Members.SummariesOf":        "the communities of the actor",
	"Moderation.Additions":       "the memberships that the actor has to decide about",
	"Ownership.TransferByToken":  "the token proves the right",
	"Ownership.TransfersTo":      "the transfers to the actor",
	"Accounts.AddPasskey":        "the account of the actor",
	"Accounts.CancelEmailChange": "the account of the actor",
	"Accounts.ChangePassword":    "the account of the actor",
	"Accounts.ConfirmTOTP":       "the account of the actor",
	"Accounts.Identities":        "the account of the actor",
	"Accounts.Passkeys":          "the account of the actor",
	"Accounts.UpdateAccount":     "the account of the actor",
	"Access.CommunitiesOf":       "the communities of the actor",
	"Access.CreateCommunity":     "every account creates communities, unless a setting forbids it",
	"Access.UserKeys":            "the keys of the actor",
	"Access.CreateUserKey":       "the keys of the actor",
}

// findsOwn are methods that find only what belongs to the actor: its account, keys
// and membership.
var findsOwn = map[string]bool{
	"Members.OwnRoles": true, "Members.Self": true, "Moderation.Decline": true,
	"Accounts.DisableTOTP": true, "Accounts.FinishProvider": true, "Accounts.Methods": true, "Accounts.PendingTOTP": true, "Accounts.Reauthenticate": true,
	"Accounts.ReauthenticateOwner": true, "Accounts.Recent": true, "Accounts.RemoveIdentity": true, "Accounts.RemovePasskey": true, "Accounts.RenewRecoveryCodes": true,
	"Accounts.StartPasskey": true, "Accounts.StartProvider": true, "Accounts.StartTOTP": true, "Accounts.Verify": true,
	"Access.DeleteUserKey": true, "Access.UpdateUserKey": true, "Access.UserKey": true,
}

// TestMethodsThatActForAPersonAuthorize calls every exported method of the services
// whose parameters begin with a context and an actor, as a person without access to
// the community, with zero values for the rest.
func TestMethodsThatActForAPersonAuthorize(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		stranger, _ := a.Owner(t, a.Community(t), "stranger")
		caller := actor.Actor{Kind: actor.Session, AccountID: stranger.ID, Name: stranger.Username}
		called := 0
		services := reflect.ValueOf(a.Services).Elem()
		for i := range services.NumField() {
			if !services.Type().Field(i).IsExported() || services.Field(i).Kind() != reflect.Pointer {
				continue
			}
			service := services.Field(i)
			for m := range service.NumMethod() {
				name := services.Type().Field(i).Name + "." + service.Type().Method(m).Name
				arguments, ok := argumentsOf(t, service.Method(m).Type(), caller, communityID)
				if !ok {
					continue
				}
				called++
				err := lastError(service.Method(m).Call(arguments))
				// Another NotFound may be of an argument, without a check.
				refused := errs.KindOf(err) == errs.Forbidden || errs.Is(err, "community_not_found") || errs.KindOf(err) == errs.NotFound && findsOwn[name]
				if _, listed := callableByAll[name]; listed == refused {
					t.Errorf("%s: %v (listed: %t)", name, err, listed)
				}
			}
		}
		if called < 40 {
			t.Errorf("only %d methods were called", called)
		}
	})
}

// argumentsOf returns arguments for a method whose parameters begin with a context
// and an actor; the first string is the community.
func argumentsOf(t *testing.T, method reflect.Type, caller actor.Actor, communityID string) (arguments []reflect.Value, ok bool) {
	if method.NumIn() < 2 || method.In(0) != reflect.TypeFor[context.Context]() || method.In(1) != reflect.TypeFor[actor.Actor]() {
		return nil, false
	}
	arguments = []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(caller)}
	for i := 2; i < method.NumIn(); i++ {
		value := reflect.Zero(method.In(i))
		if i == 2 && method.In(i).Kind() == reflect.String {
			value = reflect.ValueOf(communityID)
		}
		if i == method.NumIn()-1 && method.IsVariadic() {
			break
		}
		arguments = append(arguments, value)
	}
	return arguments, true
}

func lastError(results []reflect.Value) error {
	if len(results) == 0 {
		return nil
	}
	err, _ := results[len(results)-1].Interface().(error)
	return err
}
