package access

import (
	"fmt"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/text"
)

// KeyInput is what a new key is made from.
type KeyInput struct {
	Name         string // 1 to 100 characters
	Permissions  []actor.Permission
	Channels     []string // ids, of a person's key only
	ExpirePeriod int      // days from now, 0: never
	ExpireDate   string   // YYYY-MM-DD (to the end of that day in UTC) or RFC 3339, "": as ExpirePeriod says
	Inactive     bool
}

// KeyChange says what becomes of a key; nil leaves it as it is.
type KeyChange struct {
	Name         *string
	Permissions  []actor.Permission // nil leaves them
	Channels     []string           // nil leaves them, of a person's key only
	ExpirePeriod *int               // days from now, 0: never
	ExpireDate   *string            // as in KeyInput, "": never
	Active       *bool
	TakeOver     bool // of a community's key: who changes it stands behind it from now on
}

const (
	maxKeyName      = 100
	maxExpirePeriod = 3650
	maxKeyChannels  = 100
)

// normal returns the input as it is kept, and when the key expires, or Invalid
// "invalid_input" with every wrong field.
func (in KeyInput) normal(now time.Time) (KeyInput, int64, error) {
	var wrong []errs.Field
	name, ok := text.Line(in.Name, maxKeyName)
	if in.Name = name; !ok || name == "" {
		wrong = append(wrong, errs.Field{Field: "name", Code: "invalid", Message: "A name has 1 to 100 characters, none of them a control character."})
	}
	known, unknown := checkPermissions(in.Permissions)
	if len(in.Permissions) == 0 {
		unknown = append(unknown, errs.Field{Field: "permissions", Code: "required", Message: "A key has at least one permission."})
	}
	in.Permissions = known
	wrong = append(wrong, unknown...)
	in.Channels = slices.Compact(slices.Sorted(slices.Values(in.Channels)))
	if len(in.Channels) > maxKeyChannels || slices.ContainsFunc(in.Channels, func(c string) bool { return !id.Valid(c) }) {
		wrong = append(wrong, errs.Field{Field: "channels", Code: "invalid", Message: "Channels are named by their _id, 100 at most."})
	}
	expiresAt, problem := in.expiry(now)
	return in, expiresAt, errs.InvalidFields(append(wrong, problem...))
}

// expiry is the moment after which the key is refused, 0 for never.
func (in KeyInput) expiry(now time.Time) (int64, []errs.Field) {
	wrong := func(field, message string) (int64, []errs.Field) {
		return 0, []errs.Field{{Field: field, Code: "invalid", Message: message}}
	}
	latest := now.AddDate(0, 0, maxExpirePeriod)
	switch {
	case in.ExpirePeriod < 0 || in.ExpirePeriod > maxExpirePeriod:
		return wrong("expirePeriod", "A key expires after 1 to 3650 days, or never with 0.")
	case in.ExpirePeriod > 0 && in.ExpireDate != "":
		return wrong("expireDate", "Give expirePeriod or expireDate, not both.")
	case in.ExpirePeriod > 0:
		return now.AddDate(0, 0, in.ExpirePeriod).UnixMilli(), nil
	case in.ExpireDate == "":
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, in.ExpireDate)
	if day, dayErr := time.Parse(time.DateOnly, in.ExpireDate); dayErr == nil {
		at, err = day.AddDate(0, 0, 1), nil
	}
	if err != nil {
		return wrong("expireDate", "A date is written YYYY-MM-DD, a moment as in 2026-04-07T08:50:16Z.")
	}
	if !at.After(now) || at.After(latest.AddDate(0, 0, 1)) {
		return wrong("expireDate", "A key expires within the next 3650 days.")
	}
	return at.UnixMilli(), nil
}

// of applies the change to a key.
func (c KeyChange) of(old Key, now time.Time) (Key, error) {
	in := KeyInput{Name: old.Name, Permissions: old.Permissions, Channels: old.Channels, Inactive: !old.Active}
	if c.Name != nil {
		in.Name = *c.Name
	}
	if c.Permissions != nil {
		in.Permissions = c.Permissions
	}
	if c.Channels != nil {
		in.Channels = c.Channels
	}
	if c.Active != nil {
		in.Inactive = !*c.Active
	}
	if c.ExpirePeriod != nil {
		in.ExpirePeriod = *c.ExpirePeriod
	}
	if c.ExpireDate != nil {
		in.ExpireDate = *c.ExpireDate
	}
	in, expiresAt, err := in.normal(now)
	if err != nil {
		return Key{}, err
	}
	changed := old
	changed.Name, changed.Permissions, changed.Channels, changed.Active = in.Name, in.Permissions, in.Channels, !in.Inactive
	changed.UpdatedAt = now.UnixMilli()
	if c.ExpirePeriod != nil || c.ExpireDate != nil {
		changed.ExpiresAt = expiresAt
	}
	return changed, nil
}

// keyChanges says what is different about a key.
func keyChanges(old, changed Key) (changes []audit.Change) {
	note := func(field string, before, after any) {
		if fmt.Sprint(before) != fmt.Sprint(after) {
			changes = append(changes, audit.Change{Field: field, Old: before, New: after})
		}
	}
	note("name", old.Name, changed.Name)
	note("permissions", old.Permissions, changed.Permissions)
	note("isActive", old.Active, changed.Active)
	note("expiresAt", old.ExpiresAt, changed.ExpiresAt)
	note("createdBy", old.CreatedBy, changed.CreatedBy)
	note("boundBy", old.BoundBy, changed.BoundBy)
	return changes
}
