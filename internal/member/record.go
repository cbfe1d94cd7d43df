package member

import (
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
)

// Record is a member of one community as it is read, changed in memory and
// written back.
type Record struct {
	ID          string // "": not made yet
	AccountID   string // "": unclaimed
	Number      int64  // 0: none yet
	Email       string
	EmailKey    string
	Username    string
	UsernameKey string

	State       string // "": not a member
	Owner       bool
	DisplayName string
	FirstName   string
	LastName    string
	Phone       string
	Country     string
	Language    string
	RoleIDs     []string
	TagIDs      []string
	Values      field.Values // of custom fields
	JoinedAt    int64
	UpdatedAt   int64
}

// Stamp returns the time of a change at now, in Unix milliseconds, and makes it
// UpdatedAt. It is later than every earlier change of the member, also where
// another node's clock is ahead, so the member's history is in order. The
// member's row has to be locked.
func (r *Record) Stamp(now int64) int64 {
	r.UpdatedAt = max(now, r.UpdatedAt+1)
	return r.UpdatedAt
}

// Claimed reports whether the member has an account, by whose name and address
// the member is known; those of an unclaimed member are the community's.
func (r *Record) Claimed() bool { return r.AccountID != "" }

// recordOf is a new member of an account.
func recordOf(a account.Account) *Record {
	return &Record{
		ID: a.ID, AccountID: a.ID, Number: a.Number, Email: a.Email, EmailKey: account.EmailKey(a.Email),
		Username: a.Username, UsernameKey: account.UsernameKey(a.Username),
	}
}

// IsMember reports whether the person is a member here, in whatever state.
func (r *Record) IsMember() bool { return r.State != "" }

// Get returns the value of a field; nil when it is unset. Of roles and tags it
// is the list of ids.
func (r *Record) Get(f *field.Field) any {
	if !f.Default {
		return r.Values.Get(f.Field)
	}
	switch f.Field {
	case field.RoleName:
		return idList(r.RoleIDs)
	case field.TagName:
		return idList(r.TagIDs)
	}
	if text := *r.slot(f.Field); text != "" {
		return text
	}
	return nil
}

// Set gives a field a value, nil to clear it. It keeps the username's key in
// step; an email never changes.
func (r *Record) Set(f *field.Field, value any) {
	if !f.Default {
		r.Values = r.Values.With(f.Field, value)
		return
	}
	switch f.Field {
	case field.RoleName:
		r.RoleIDs, _ = value.([]string)
	case field.TagName:
		r.TagIDs, _ = value.([]string)
	default:
		text, _ := value.(string)
		*r.slot(f.Field) = text
		if f.Field == field.Username {
			r.UsernameKey = account.UsernameKey(text)
		}
	}
}

func (r *Record) slot(fld string) *string {
	switch fld {
	case field.FirstName:
		return &r.FirstName
	case field.LastName:
		return &r.LastName
	case field.Username:
		return &r.Username
	case field.EmailName:
		return &r.Email
	case field.PhoneName:
		return &r.Phone
	case field.CountryName:
		return &r.Country
	}
	return &r.Language
}

func idList(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	return ids
}

func (r *Record) nameKey() string {
	return strings.ToLower(strings.TrimSpace(r.FirstName + " " + r.LastName + " " + r.DisplayName))
}
