package member

import (
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

// standsIn is where values stand that are no custom fields.
var standsIn = map[string]string{
	UserID: "m.user_id", Number: "a.number", Username: "a.username_key", EmailName: "a.email_key", FirstName: "m.first_name", LastName: "m.last_name",
	DisplayName: "m.display_name", PhoneName: "m.phone", CountryName: "m.country", LanguageName: "m.language", ExternalID: "m.external_id", JoinDate: "m.joined_at",
}

// sql is the condition in a query over memberTables. param takes an argument
// and returns its placeholder.
func (c Condition) sql(d sqldb.Dialect, param func(any) string) string {
	f := c.Field
	switch {
	case f.Default && f.Type == RoleList:
		return d.JSONHas("m.roles", param(c.Value))
	case f.Default && f.Type == TagList:
		return d.JSONHas("m.tags", param(c.Value))
	case f.Default:
		column := standsIn[f.Field]
		if _, isText := c.Value.(string); isText && c.Op != Equals {
			return "(" + column + " <> '' AND " + column + " " + string(c.Op) + " " + param(c.Value) + ")"
		}
		return column + " " + string(c.Op) + " " + param(c.Value)
	}
	return c.customSQL(d, param)
}

func (c Condition) customSQL(d sqldb.Dialect, param func(any) string) string {
	key := param(d.JSONKey(c.Field.Field))
	switch c.Field.Type {
	case MultiSelect:
		return d.JSONHas(d.JSONValue("m.fields", key), param(c.Value))
	case Numerical:
		return d.JSONNumber("m.fields", key) + " " + string(c.Op) + " " + d.Number(param(c.number()))
	case Boolean:
		return d.JSONText("m.fields", key) + " = " + param(d.JSONBool(c.Value == true))
	default:
		return d.Fold(d.JSONText("m.fields", key)) + " " + string(c.Op) + " " + param(sqldb.Folded(fmt.Sprint(c.Value)))
	}
}
