package activity

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Names are values that name members.
type Names struct {
	Type      string // email, username, userId, custom-field
	FieldName string // of custom-field
	Values    []string
}

// resolve returns the active members that values name. It fails with Invalid
// "invalid_input", Conflict "identifier_ambiguous" or Unavailable "lookup_not_ready".
func (a *Activity) resolve(ctx context.Context, communityID string, n Names) (map[string]*member.Record, error) {
	if len(n.Values) == 0 {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("identifier", "required", "Name a member.")})
	}
	if n.Type == "custom-field" {
		return a.resolveField(ctx, communityID, n)
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
	records, err := member.Lookup(ctx, a.d.DB, communityID, set, false)
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
func (a *Activity) resolveField(ctx context.Context, communityID string, n Names) (map[string]*member.Record, error) {
	fields, err := field.List(ctx, a.d.DB, communityID)
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
	users, err := a.usersOf(ctx, communityID, f, list)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, some := range users {
		ids = append(ids, some...)
	}
	records, err := member.Lookup(ctx, a.d.DB, communityID, member.KeySet{IDs: ids}, false)
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

// usersOf returns the ids of members by the keys of their values.
func (a *Activity) usersOf(ctx context.Context, communityID string, f *field.Field, keys []string) (map[string][]string, error) {
	users := map[string][]string{}
	if f.Identifier {
		held, err := member.Identifiers(ctx, a.d.DB, communityID, f.ID, keys)
		for _, one := range held {
			users[one.Key] = append(users[one.Key], one.UserID)
		}
		return users, err
	}
	_, err := sqldb.All(ctx, a.d.DB, func(s sqldb.Scanner) (none struct{}, err error) {
		var key, userID string
		err = s.Scan(&key, &userID)
		users[key] = append(users[key], userID)
		return none, err
	}, valuesQuery(a.d.DB.Dialect()), communityID, f.ID, sqldb.Keys(keys))
	return users, err
}
