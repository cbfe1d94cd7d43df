package member

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
)

// The types of events about members.
const (
	EventJoined      = "user.joined_server" // UserJoined: a person became a member, for the first time or again
	EventLeft        = "user.left_server"   // UserLeft: a membership ended
	EventRestored    = "user.restored"      // UserRestored
	EventRoleAdded   = "user.role_added"    // UserRole
	EventRoleRemoved = "user.role_removed"  // UserRole
	EventUpdated     = "user.updated"       // UserUpdated
)

// EventTypes describes these types.
var EventTypes = []event.Type{
	{Name: EventJoined, Member: "the new member", Data: UserJoined{}, Description: "A person became a member, for the first time or again. An import appends `members.imported` instead."},
	{Name: EventLeft, Member: "the former member", Data: UserLeft{}, Description: "A membership ended."},
	{Name: EventRestored, Member: "the restored member", Data: UserRestored{}, Description: "A deleted member was restored."},
	{Name: EventRoleAdded, Member: "the holder of the role", Data: UserRole{}, Description: "A role was assigned to a member."},
	{Name: EventRoleRemoved, Member: "the holder of the role", Data: UserRole{}, Description: "A role was removed from a member. Deleting a role appends no event per member."},
	{Name: EventUpdated, Member: "the changed member", Data: UserUpdated{}, Description: "Fields of one member were changed. A bulk job appends `members.imported` instead."},
}

// EventUser is the member that an event concerns, as of the event.
type EventUser struct {
	ID          string `json:"_id"`
	UserID      int64  `json:"userId" doc:"The number of the user."`
	Username    string `json:"username"`
	DisplayName string `json:"displayName"`
	Email       string `json:"email"`
}

// UserJoined is the data of EventJoined.
type UserJoined struct {
	User       EventUser `json:"user"`
	InviteCode *string   `json:"inviteCode" nullable:"true" doc:"The invite that the person used."`
}

// UserLeft is the data of EventLeft.
type UserLeft struct {
	User  EventUser `json:"user"`
	Cause string    `json:"cause" enum:"leave,kick,ban,declined,deleted"`
}

// UserRestored is the data of EventRestored.
type UserRestored struct {
	User EventUser `json:"user"`
}

// UserRole is the data of EventRoleAdded and EventRoleRemoved.
type UserRole struct {
	User   EventUser `json:"user"`
	RoleID string    `json:"roleId"`
	Title  string    `json:"title" doc:"The title at that time."`
}

// UserUpdated is the data of EventUpdated.
type UserUpdated struct {
	User   EventUser      `json:"user"`
	Fields []UpdatedField `json:"fields"`
	Source Source         `json:"source"`
}

// UpdatedField is a changed value of a member.
type UpdatedField struct {
	Field string `json:"field" doc:"The database name; avatar for the address of the picture."`
	Old   any    `json:"old" doc:"null: no value."`
	New   any    `json:"new" doc:"null: no value."`
}

// AppendEvent appends an event that concerns a member; data has the user set.
func AppendEvent(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID, name string, who *Record, data any) error {
	return event.Append(ctx, tx, now, event.Event{CommunityID: communityID, Type: name, UserID: who.ID, Actor: by.Ref()}, data)
}

// EventUser returns the member for the data of an event.
func (r *Record) EventUser() EventUser {
	return EventUser{r.ID, r.Number, r.Username, r.DisplayName, r.Email}
}

// AppendJoined appends EventJoined. inviteCode is "" without an invite.
func AppendJoined(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID string, who *Record, inviteCode string) error {
	data := UserJoined{User: who.EventUser()}
	if inviteCode != "" {
		data.InviteCode = &inviteCode
	}
	return AppendEvent(ctx, tx, by, now, communityID, EventJoined, who, data)
}

// AppendLeft appends EventLeft.
func AppendLeft(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID string, who *Record, cause string) error {
	return AppendEvent(ctx, tx, by, now, communityID, EventLeft, who, UserLeft{who.EventUser(), cause})
}
