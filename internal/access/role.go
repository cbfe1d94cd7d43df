package access

import (
	"context"
	"regexp"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Role is a role of a community. The maps hold every known name.
type Role struct {
	ID                 string
	Title              string // unique in the community, case-sensitive
	Class              string // colour, #rrggbb
	Order              int    // the higher, the more it counts
	Everyone           bool   // the one role that every member has
	Billable           bool
	ServerPermissions  map[string]bool
	ChannelPermissions map[string]bool
	CreatedAt          int64 // Unix milliseconds
	UpdatedAt          int64 // Unix milliseconds
}

// EveryoneTitle is the title of the role that every member has.
const EveryoneTitle = "@all"

// GrantsServerPermission reports whether the role allows anything in the
// community as a whole.
func (r Role) GrantsServerPermission() bool { return anyTrue(r.ServerPermissions) }

// GrantsPermission reports whether the role allows anything at all.
func (r Role) GrantsPermission() bool {
	return anyTrue(r.ServerPermissions) || anyTrue(r.ChannelPermissions)
}

func anyTrue(granted map[string]bool) bool {
	for _, yes := range granted {
		if yes {
			return true
		}
	}
	return false
}

// RoleInput is what a new role is made from.
type RoleInput struct {
	Title              string // 1 to 50 characters
	Class              string // #rrggbb, "" for grey
	Order              int    // 0 to 10000
	Billable           bool
	ServerPermissions  map[string]bool // a name that is missing is not allowed
	ChannelPermissions map[string]bool
}

const (
	maxTitle     = 50
	maxOrder     = 10000
	defaultClass = "#808080"
)

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// Roles returns the roles of a community as the function Roles does.
func (a *Access) Roles(ctx context.Context, communityID string) ([]Role, error) {
	return listRoles(ctx, a.db, communityID)
}

// Roles returns the roles of a community, the highest first, the one of
// everyone last.
func Roles(ctx context.Context, q sqldb.Querier, communityID string) ([]Role, error) {
	return listRoles(ctx, q, communityID)
}

// EnsureEveryoneRole gives a community the role of everyone unless it has it.
func EnsureEveryoneRole(ctx context.Context, q sqldb.Querier, communityID string) error {
	return insertEveryone(ctx, q, communityID)
}

func (in RoleInput) role() (Role, error) {
	title, ok := text.Line(text.Name(in.Title), maxTitle)
	r := Role{
		Title: title,
		Class: strings.ToLower(in.Class), Order: in.Order, Billable: in.Billable,
	}
	if r.Class == "" {
		r.Class = defaultClass
	}
	var wrong, more []errs.Field
	check := func(ok bool, field, message string) {
		if !ok {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: message})
		}
	}
	// A comma separates the roles in a cell of an import.
	check(ok && title != "" && !strings.Contains(title, ","), "title", "A title has 1 to 50 characters, none of them a comma or a control character.")
	check(colour.MatchString(r.Class), "class", "A colour is written #rrggbb.")
	check(r.Order >= 0 && r.Order <= maxOrder, "order", "The order of a role is 0 to 10000.")
	r.ServerPermissions, more = complete("server_permissions", serverPermissions, in.ServerPermissions)
	wrong = append(wrong, more...)
	r.ChannelPermissions, more = complete("channel_permissions", channelPermissions, in.ChannelPermissions)
	return r, errs.InvalidFields(append(wrong, more...))
}
