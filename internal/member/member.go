// Package member stores the members of communities: identity, custom fields, roles
// and tags, and the history of every change. Its functions take part in the
// transactions of packages above.
package member

import "github.com/regulars/regulars/internal/field"

// The states of a membership.
const (
	Active  = "active"
	Deleted = "deleted" // hidden until restored or erased
	Pending = "pending" // created in advance: has not joined yet
	Left    = "left"    // left or was kicked; may join again
	Banned  = "banned"  // may not join again
)

// Member is a member of a community with what changes of its fields do not need.
type Member struct {
	Record
	StateChangedAt int64  // start of State, Unix milliseconds; 0: since creation
	ExternalID     string // id in another system, or ""
	Referral       string // referrer, or ""
	AvatarID       string // id of a picture, or ""
	SuspendedUntil int64  // Unix milliseconds; in the past or 0: not suspended
}

// Text returns the text of a default field; "" if it is unset, and for every
// other field.
func (m *Member) Text(f *field.Field) string {
	switch f.Field {
	case field.UserID:
		return m.ID
	case field.DisplayName:
		return m.DisplayName
	case field.ExternalID:
		return m.ExternalID
	}
	if text := m.slot(f.Field); text != nil {
		return *text
	}
	return ""
}
