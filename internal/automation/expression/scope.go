package expression

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
)

// Scope is what an expression may name: the parts of events of a type and of members.
type Scope struct {
	Event  event.Type
	Fields []field.Field // of the community
	// Loose allows every custom field, also those that no longer exist.
	Loose bool
}

// HasMember reports whether the events concern a member.
func (s Scope) HasMember() bool { return s.Event.Member != "" }

// types returns the types of the values.
func (s Scope) types() types.Map {
	root := types.Map{"event": types.Map{"type": types.String, "occurredAt": types.String, "data": typeOf(reflect.TypeOf(s.Event.Data))}}
	if s.HasMember() {
		root["user"] = s.user()
	}
	return root
}

// user returns the type of a member.
func (s Scope) user() types.Map {
	user := typeOf(reflect.TypeFor[User]()).(types.Map)
	custom := types.Map{}
	for _, f := range s.Fields {
		if !f.Default {
			custom[f.Field] = types.Any
		}
	}
	if s.Loose {
		custom[types.Extra] = types.Any
	}
	user["customFields"] = custom
	return user
}

// typeOf returns the type of the JSON of a Go type. What may be null has any type.
func typeOf(t reflect.Type) types.Type {
	switch t.Kind() {
	case reflect.Struct:
		return typeOfStruct(t)
	case reflect.String:
		return types.String
	case reflect.Bool:
		return types.Bool
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return types.String
		}
		return types.Array(typeOf(t.Elem()))
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Struct {
			return optional(typeOfStruct(t.Elem()))
		}
		return types.Any
	case reflect.Int, reflect.Int64, reflect.Float64:
		return types.Float64
	default:
		return types.Any
	}
}

// optional returns the type of an object that may be null: then its parts are null too.
func optional(fields types.Map) types.Map {
	for name, of := range fields {
		if inner, ok := of.(types.Map); ok {
			fields[name] = optional(inner)
		} else {
			fields[name] = types.Any
		}
	}
	return fields
}

func typeOfStruct(t reflect.Type) types.Map {
	fields := types.Map{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			maps.Copy(fields, typeOfStruct(f.Type))
		case name == "" || name == "-":
		case strings.Contains(options, "omitempty") && f.Type.Kind() != reflect.Pointer:
			fields[name] = types.Any
		default:
			fields[name] = typeOf(f.Type)
		}
	}
	return fields
}

// Path is a value that expressions may name.
type Path struct{ Name, Type string }

// Paths returns the values that expressions may name, in the order of their names.
func (s Scope) Paths() []Path {
	var list []Path
	collect(&list, "", s.types())
	slices.SortFunc(list, func(a, b Path) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func collect(list *[]Path, prefix string, t types.Type) {
	fields, ok := t.(types.Map)
	if !ok {
		*list = append(*list, Path{prefix, nameOf(t)})
		return
	}
	for name, of := range fields {
		switch {
		case name == types.Extra:
		case prefix == "":
			collect(list, name, of)
		case isIdentifier(name):
			collect(list, prefix+"."+name, of)
		default:
			collect(list, prefix+`["`+name+`"]`, of)
		}
	}
}

// nameOf returns the JSON name of a type.
func nameOf(t types.Type) string {
	switch t {
	case types.String:
		return "string"
	case types.Bool:
		return "boolean"
	case types.Float64:
		return "number"
	}
	if strings.HasPrefix(t.String(), "Array") {
		return "list"
	}
	return "any"
}

func isIdentifier(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// User is the member of an event, as in the answers of the API.
type User struct {
	ID           string         `json:"_id"`
	Number       int64          `json:"userId"`
	Username     string         `json:"username"`
	DisplayName  string         `json:"displayName"`
	FirstName    string         `json:"firstName"`
	LastName     string         `json:"lastName"`
	Email        string         `json:"email"`
	Phone        string         `json:"phone"`
	Country      string         `json:"country"`
	Language     string         `json:"language"`
	Roles        []string       `json:"roles"`
	HighestRole  string         `json:"highestRole"`
	Tags         []string       `json:"tags"`
	CustomFields map[string]any `json:"customFields"`
	ExternalID   string         `json:"externalId"`
	Referral     string         `json:"referral"`
	Claimed      bool           `json:"claimed"`
	JoinedAt     string         `json:"joinedAt"`

	XP               int64 `json:"xp"`
	Coins            int64 `json:"coins"`
	PremiumCurrency  int64 `json:"premiumCurrency"`
	XPEarnedToday    int64 `json:"xpEarnedToday"`
	CoinsEarnedToday int64 `json:"coinsEarnedToday"`
	TotalMessages    int64 `json:"totalMessages"`
	TotalReactions   int64 `json:"totalReactions"`
	ReplySent        int64 `json:"replySent"`
	VisitCount       int64 `json:"visitCount"`
	TimeSpent        int64 `json:"timeSpent"`
	LoginStreak      int64 `json:"loginStreak"`
	IsOnline         bool  `json:"isOnline"`

	Tier   *UserTier   `json:"tier"`
	Badges []UserBadge `json:"badges"`
}

// UserTier is the tier of a member.
type UserTier struct {
	ID    string `json:"_id"`
	Name  string `json:"name"`
	Level int64  `json:"level"`
}

// UserBadge is a badge of a member.
type UserBadge struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
}
