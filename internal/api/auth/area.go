// Package auth has the operations of sign-in and accounts.
package auth

import (
	"reflect"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/roster"
)

var (
	anyPerson = []actor.Permission{permission.AnyPerson}
	signedIn  = []actor.Permission{actor.PermSessionOnly}
)

// handlers serve the operations.
type handlers struct {
	access   *access.Access
	accounts *signin.Accounts
	members  *roster.Roster
}

// New returns the area.
func New(access *access.Access, accounts *signin.Accounts, members *roster.Roster) api.Area {
	h := &handlers{access, accounts, members}
	return api.Area{
		Tag: "Authentication", Description: "Accounts, passwords, two-factor authentication and sessions.",
		Routes: func(g *api.Group) {
			h.registrationRoutes(g)
			h.loginRoutes(g)
			h.accountRoutes(g)
			h.passwordRoutes(g)
			h.totpRoutes(g)
			h.sessionRoutes(g)
			h.signInLinkRoutes(g)
		},
		SchemaNames: map[reflect.Type]string{
			reflect.TypeFor[accountView]():              "Account",
			reflect.TypeFor[api.Success[accountView]](): "SuccessAccount",
		},
	}
}

// nothing is the data of a response without data.
type nothing struct{}
