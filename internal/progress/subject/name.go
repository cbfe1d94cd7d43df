// Package subject finds the members that requests about progress name, and decides who may
// read about them.
package subject

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// MaxValues bounds the values of a request.
const MaxValues = 1_000

// Names are values that name members.
type Names struct {
	Type      string // email, username, userId, custom-field
	FieldName string // of custom-field
	Values    []string
}

// Resolve returns the active members that values name, by value. It fails with Invalid
// "invalid_input", Conflict "identifier_ambiguous" or Unavailable "lookup_not_ready".
func Resolve(ctx context.Context, q sqldb.Querier, communityID string, n Names) (map[string]*member.Record, error) {
	if len(n.Values) == 0 {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("identifier", "required", "Name a member.")})
	}
	if n.Type == "custom-field" {
		return resolveField(ctx, q, communityID, n)
	}
	keys := make(map[string]string, len(n.Values)) // by value
	var set member.KeySet
	for _, value := range n.Values {
		switch n.Type {
		case "email":
			keys[value] = account.EmailKey(value)
			set.Emails = append(set.Emails, keys[value])
		case "username":
			keys[value] = account.UsernameKey(value)
			set.Usernames = append(set.Usernames, keys[value])
		case "userId":
			if keys[value] = value; id.Valid(value) {
				set.IDs = append(set.IDs, value)
			} else if number, err := strconv.ParseInt(value, 10, 64); err == nil {
				keys[value] = strconv.FormatInt(number, 10)
				set.Numbers = append(set.Numbers, keys[value])
			}
		default:
			return nil, errs.InvalidFields([]errs.Field{errs.Wrong("identifier_type", "not_allowed", "The type of an identifier is email, username, userId or custom-field.")})
		}
	}
	records, err := member.Lookup(ctx, q, communityID, set, false)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*member.Record{}
	for _, r := range records {
		if r.State != member.Active {
			continue
		}
		switch n.Type {
		case "email":
			byKey[r.EmailKey] = r
		case "username":
			byKey[r.UsernameKey] = r
		default:
			byKey[r.ID], byKey[strconv.FormatInt(r.Number, 10)] = r, r
		}
	}
	found := map[string]*member.Record{}
	for value, key := range keys {
		if m, known := byKey[key]; known {
			found[value] = m
		}
	}
	return found, nil
}

// resolveField returns the active members by the values of a custom field.
func resolveField(ctx context.Context, q sqldb.Querier, communityID string, n Names) (map[string]*member.Record, error) {
	fields, err := field.List(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	f := member.FindField(fields, n.FieldName)
	if f == nil || f.Default || !f.Filterable && !f.Identifier {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("fieldName", "unknown_field", "Name a custom field that identifies members or can be filtered by.")})
	}
	if f.Busy() || !f.Identifier && !f.Indexed {
		return nil, errs.New(errs.Unavailable, "lookup_not_ready", "The index of the field %s is not complete. Try again soon.", f.Label())
	}
	keys := map[string]string{}
	list := []string{}
	for _, value := range n.Values {
		parsed, problem := f.FromJSON(value)
		if problem != nil || parsed == nil {
			continue
		}
		if f.Identifier {
			keys[value] = member.IdentifierKey(parsed)
		} else if some := field.Keys(parsed); len(some) > 0 {
			keys[value] = some[0]
		}
		list = append(list, keys[value])
	}
	users, err := usersOf(ctx, q, communityID, f, list)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, some := range users {
		ids = append(ids, some...)
	}
	records, err := member.Lookup(ctx, q, communityID, member.KeySet{IDs: ids}, false)
	if err != nil {
		return nil, err
	}
	active := map[string]*member.Record{}
	for _, r := range records {
		if r.State == member.Active {
			active[r.ID] = r
		}
	}
	found := map[string]*member.Record{}
	for value, key := range keys {
		var matches []string
		for _, userID := range users[key] {
			if m, ok := active[userID]; ok {
				found[value] = m
				matches = append(matches, userID)
			}
		}
		if len(matches) > 1 {
			return nil, errs.New(errs.Conflict, "identifier_ambiguous", "Several members have the value %q. Name one by its id.", value).WithDetails(map[string]any{"userIds": matches})
		}
	}
	return found, nil
}

// Viewer decides whose progress a caller may read.
type Viewer struct {
	caller  actor.Actor
	refused error // why the caller may not read that of others
}

// NewViewer returns the Viewer of a caller, who may read about all members with one of some
// permissions, and else about their own member. It fails as access.Can does for AnyMember.
func NewViewer(ctx context.Context, a *access.Access, caller actor.Actor, communityID string, all ...actor.Permission) (Viewer, error) {
	v := Viewer{caller, a.CanAny(ctx, caller, communityID, all...)}
	if v.refused == nil {
		return v, nil
	}
	return v, a.Can(ctx, caller, communityID, permission.AnyMember)
}

// Check returns nil if the caller may read about a member; nil: about no member.
func (v Viewer) Check(who *member.Record) error {
	if v.refused == nil || who != nil && who.Is(v.caller) {
		return nil
	}
	return v.refused
}

// One returns the member that n names, if the caller may read about it. It fails as Resolve
// and Check do, or with NotFound "user_not_found".
func (v Viewer) One(ctx context.Context, q sqldb.Querier, communityID string, n Names) (*member.Record, error) {
	if len(n.Values) > 1 {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("identifier", "too_many", "Name one member.")})
	}
	found, err := Resolve(ctx, q, communityID, n)
	if err != nil {
		return nil, err
	}
	who := found[n.Values[0]]
	if err := v.Check(who); err != nil {
		return nil, err
	}
	if who == nil {
		return nil, member.ErrUserNotFound()
	}
	return who, nil
}
