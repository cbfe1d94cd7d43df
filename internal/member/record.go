package member

import (
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
)

// Record is a member of one community as it is read, changed in memory and
// written.
type Record struct {
	ID          string // "": new
	AccountID   string // "": unclaimed
	Number      int64  // numeric id; 0: none yet
	Email       string
	EmailKey    string
	Username    string
	UsernameKey string

	State       string // "": not a member
	Owner       bool
	DisplayName string
	FirstName   string
	LastName    string
	Phone       string   // "+" and digits, or ""
	Country     string   // ISO alpha-2, or ""
	Language    string   // BCP 47, or ""
	RoleIDs     []string // without @all
	TagIDs      []string
	Values      field.Values // of custom fields
	JoinedAt    int64        // Unix milliseconds
	UpdatedAt   int64        // Unix milliseconds
}

// Stamp returns the time of a change at now, in Unix milliseconds, and sets
// UpdatedAt to it. It is later than every earlier change of the member, even if
// the clock of another node is ahead, so the history is in order. The row has
// to be locked.
func (r *Record) Stamp(now int64) int64 {
	r.UpdatedAt = max(now, r.UpdatedAt+1)
	return r.UpdatedAt
}

// Claimed reports whether the member has an account, which then determines its
// username and address.
func (r *Record) Claimed() bool { return r.AccountID != "" }

// RecordOf returns a new member for an account.
func RecordOf(a account.Account) *Record {
	return &Record{
		ID: a.ID, AccountID: a.ID, Number: a.Number, Email: a.Email, EmailKey: account.EmailKey(a.Email),
		Username: a.Username, UsernameKey: account.UsernameKey(a.Username),
	}
}

// IsMember reports whether the record is stored, in any state.
func (r *Record) IsMember() bool { return r.State != "" }

// Get returns the value of a field, nil when it is unset; for roles and tags a
// list of ids.
func (r *Record) Get(f *field.Field) any {
	if !f.Default {
		return r.Values.Get(f.Field)
	}
	switch f.Field {
	case field.RoleName:
		return IDList(r.RoleIDs)
	case field.TagName:
		return IDList(r.TagIDs)
	}
	if text := r.slot(f.Field); text != nil && *text != "" {
		return *text
	}
	return nil
}

// Set sets the value of a field, nil to clear it, and updates the key of a
// username. An email never changes.
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

// slot returns the text of a default field that Set changes, nil for others.
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
	case field.LanguageName:
		return &r.Language
	}
	return nil
}

// IDList returns ids as the value of a field, nil for none.
func IDList(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	return ids
}

func (r *Record) nameKey() string {
	return strings.ToLower(strings.TrimSpace(r.FirstName + " " + r.LastName + " " + r.DisplayName))
}

// AccountIDs returns the accounts of claimed members.
func AccountIDs(people []*Record) []string {
	accounts := []string{}
	for _, who := range people {
		if who.Claimed() {
			accounts = append(accounts, who.AccountID)
		}
	}
	return accounts
}

// ExternalID is the field id under which the ids of other systems are stored as
// identifiers.
const ExternalID = "external_id"
