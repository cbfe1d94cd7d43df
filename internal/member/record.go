package member

import (
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/account"
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
	Values      Values // of custom fields
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
func (r *Record) Get(f *Field) any {
	if !f.Default {
		return r.Values.get(f.Field)
	}
	switch f.Field {
	case RoleName:
		return idList(r.RoleIDs)
	case TagName:
		return idList(r.TagIDs)
	}
	if text := *r.slot(f.Field); text != "" {
		return text
	}
	return nil
}

// Set gives a field a value, nil to clear it. It keeps the username's key in
// step; an email never changes.
func (r *Record) Set(f *Field, value any) {
	if !f.Default {
		r.Values = r.Values.with(f.Field, value)
		return
	}
	switch f.Field {
	case RoleName:
		r.RoleIDs, _ = value.([]string)
	case TagName:
		r.TagIDs, _ = value.([]string)
	default:
		text, _ := value.(string)
		*r.slot(f.Field) = text
		if f.Field == Username {
			r.UsernameKey = account.UsernameKey(text)
		}
	}
}

func (r *Record) slot(field string) *string {
	switch field {
	case FirstName:
		return &r.FirstName
	case LastName:
		return &r.LastName
	case Username:
		return &r.Username
	case EmailName:
		return &r.Email
	case PhoneName:
		return &r.Phone
	case CountryName:
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

// encodeIDs is the JSON of a list of ids; ids need no escaping.
func encodeIDs(ids []string) string {
	if len(ids) == 0 {
		return "[]"
	}
	return `["` + strings.Join(ids, `","`) + `"]`
}

// decodeFields reads a document of custom values as the types a Field's
// values have.
func decodeFields(text string) (map[string]any, error) {
	values, err := decodeValues(text)
	fields := make(map[string]any, len(values))
	for _, v := range values {
		fields[v.name] = v.value
	}
	return fields, err
}

// native turns a decoded JSON value into the type a Field's values have:
// numbers lose the spelling that PostgreSQL may have given them.
func native(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			if text, ok := item.(string); ok {
				list = append(list, text)
			}
		}
		return list
	case json.Number:
		if canonical, problem := number(v.String(), "."); problem == nil {
			return canonical
		}
	}
	return value
}

// DecodeValue reads the JSON of one value of a field; null is nil.
func DecodeValue(text []byte) (any, error) { return decodeValue(string(text)) }

func decodeValue(text string) (any, error) {
	if text == "null" {
		return nil, nil
	}
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := d.Decode(&value)
	return native(value), err
}

func decodeIDs(text string) ([]string, error) {
	if text == "[]" {
		return nil, nil
	}
	if ids, ok := plainIDs(text); ok {
		return ids, nil
	}
	var ids []string
	err := json.Unmarshal([]byte(text), &ids)
	return ids, err
}

// plainIDs reads a list that encodeIDs or PostgreSQL wrote.
func plainIDs(text string) (ids []string, ok bool) {
	in := plainReader{text}
	if !in.take('[') {
		return nil, false
	}
	for !in.take(']') {
		if len(ids) > 0 && !in.take(',') {
			return nil, false
		}
		id, ok := in.quoted()
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, in.text == ""
}
