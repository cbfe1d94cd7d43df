package directory

import (
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// columns maps default fields to SQL columns.
var columns = map[string]string{
	field.UserID: "m.user_id", field.Number: "m.number", field.Username: "m.username_key", field.EmailName: "m.email_key", field.FirstName: "m.first_name", field.LastName: "m.last_name",
	field.DisplayName: "m.display_name", field.PhoneName: "m.phone", field.CountryName: "m.country", field.LanguageName: "m.language", field.ExternalID: "m.external_id", field.JoinDate: "m.joined_at",
}

// Claimed and unclaimed members.
const (
	claimedSQL   = "m.account_id <> ''"
	unclaimedSQL = "m.account_id = ''"
)

// sql is the WHERE clause of the filter; the first argument of the query is the
// community. param adds an argument and returns its placeholder.
func (f Filter) sql(d sqldb.Dialect, param func(any) string) string {
	where := []string{"m.community_id = $1", "m.state = 'active'"}
	if f.State != "" && f.State != member.Active {
		where[1] = "m.state = " + param(f.State)
	}
	if text := account.UsernameKey(f.Search); text != "" {
		prefix := param(sqldb.LikePrefix(text))
		part := param("%" + sqldb.LikePrefix(text))
		where = append(where, fmt.Sprintf(`(m.email_key LIKE %s ESCAPE '\' OR m.username_key LIKE %s ESCAPE '\' OR m.name_key LIKE %s ESCAPE '\')`, prefix, prefix, part))
	}
	if f.RoleID != "" {
		where = append(where, d.JSONHas("m.roles", param(f.RoleID)), existing("roles", param(f.RoleID)))
	}
	if f.TagID != "" {
		where = append(where, tagSQL(d, param(f.TagID)), existing("tags", param(f.TagID)))
	}
	if f.JobID != "" {
		where = append(where, "EXISTS (SELECT 1 FROM bulk_members b WHERE b.community_id = $1 AND b.job_id = "+param(f.JobID)+" AND b.user_id = m.user_id)")
	}
	switch f.Claim {
	case ClaimedOnly:
		where = append(where, claimedSQL)
	case UnclaimedOnly:
		where = append(where, unclaimedSQL)
	}
	for _, c := range f.Where {
		where = append(where, c.sql(d, param))
	}
	return strings.Join(where, " AND ")
}

// sql is the condition in a WHERE clause, see Filter.sql.
func (c Condition) sql(d sqldb.Dialect, param func(any) string) string {
	f := c.Field
	switch {
	case f.Default && f.Type == field.RoleList:
		return d.JSONHas("m.roles", param(c.Value))
	case f.Default && f.Type == field.TagList:
		return tagSQL(d, param(c.Value))
	case f.Default && f.Field == field.ClaimedName && c.Value == true:
		return claimedSQL
	case f.Default && f.Field == field.ClaimedName:
		return unclaimedSQL
	case c.byRows():
		return c.figureSQL(param)
	case f.Default:
		column := columns[f.Field]
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
	case field.MultiSelect:
		return d.JSONHas(d.JSONValue("m.fields", key), param(c.Value))
	case field.Numerical:
		return d.JSONNumber("m.fields", key) + " " + string(c.Op) + " " + d.Number(param(c.number()))
	case field.Boolean:
		return d.JSONText("m.fields", key) + " = " + param(d.JSONBool(c.Value == true))
	default:
		return d.CaseFold(d.JSONText("m.fields", key)) + " " + string(c.Op) + " " + param(sqldb.CaseFold(fmt.Sprint(c.Value)))
	}
}

// tagSQL is the condition that a member has a tag, or one that was merged into it
// and that a job has not yet replaced.
func tagSQL(d sqldb.Dialect, param string) string {
	return d.JSONHasAny("m.tags", "SELECT CAST("+param+" AS TEXT) UNION ALL SELECT tag_id FROM merged_tags WHERE community_id = $1 AND into_id = "+param+" AND pending")
}

// existing excludes a deleted role or tag that a job has not yet removed from
// all members.
func existing(table, param string) string {
	return "EXISTS (SELECT 1 FROM " + table + " named WHERE named.community_id = m.community_id AND named.id = " + param + ")"
}
