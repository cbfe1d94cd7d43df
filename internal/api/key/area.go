// Package key has the operations of API keys.
package key

import (
	"reflect"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
)

var manageKeys = []actor.Permission{permission.APIKeys}

// handlers serve the operations.
type handlers struct {
	access   *access.Access
	accounts *signin.Accounts
}

// New returns the area.
func New(access *access.Access, accounts *signin.Accounts) api.Area {
	h := &handlers{access, accounts}
	return api.Area{
		Tag: "API keys", Description: "Keys of communities and of persons.",
		Routes: func(g *api.Group) {
			h.communityKeyRoutes(g)
			h.userKeyRoutes(g)
		},
		SchemaNames: map[reflect.Type]string{reflect.TypeFor[Input](): "KeyWish"},
	}
}
