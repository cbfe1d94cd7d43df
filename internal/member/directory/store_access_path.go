package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// params are the arguments of a query.
type params []any

// add takes an argument and returns its placeholder.
func (p *params) add(arg any) string {
	*p = append(*p, arg)
	return fmt.Sprintf("$%d", len(*p))
}

// query reads the members of an access path.
type query struct {
	tables, where string
	user          string // column of the member ids
	args          params
}

func (src accessPath) query(d sqldb.Dialect, communityID string) query {
	read := query{tables: member.FromMembers, user: "m.user_id", args: params{communityID}}
	read.where = src.filter.sql(d, read.args.add)
	// CROSS JOIN: SQLite reads the tables in this order.
	if src.job != "" {
		read.tables, read.user = "bulk_members b CROSS JOIN members m", "b.user_id"
		read.where = "b.community_id = $1 AND b.job_id = " + read.args.add(src.job) + " AND m.community_id = $1 AND m.user_id = b.user_id AND " + read.where
		return read
	}
	if src.driving == nil {
		return read
	}
	read.tables, read.user = src.driving.table()+" v CROSS JOIN members m", "v.user_id"
	read.where = "v.community_id = $1 AND " + src.driving.entry("v", read.args.add) + " AND m.community_id = $1 AND m.user_id = v.user_id AND " + read.where
	for _, c := range src.countries {
		read.where += " AND v.country = " + read.args.add(c.Value)
	}
	for _, c := range src.indexed {
		read.where += " AND EXISTS (SELECT 1 FROM member_values o WHERE o.community_id = $1 AND " + c.entry("o", read.args.add) + " AND o.user_id = v.user_id)"
	}
	return read
}

// table is the index of the condition: values, or the rows of a figure.
func (c Condition) table() string {
	if c.byRows() {
		return figures[c.Field.Field].table
	}
	return "member_values"
}

// entry is the condition on an entry of the index.
func (c Condition) entry(table string, param func(any) string) string {
	if c.byRows() {
		return c.figureEntry(table, string(c.Op), param)
	}
	return fmt.Sprintf("%s.field_id = %s AND %s.key %s %s", table, param(c.Field.ID), table, c.Op, param(field.Keys(c.Value)[0]))
}

// beyond restricts the query to members behind a position in the order of their ids.
func (read query) beyond(o order) query {
	if o.from == nil {
		return read
	}
	read = read.behind(read.user, o, o.from.userID)
	if read.user != "m.user_id" {
		read = read.behind("m.user_id", o, o.from.userID) // PostgreSQL does not infer it, and would read all members before
	}
	return read
}

// behind restricts the query to members whose columns are behind values in an order.
func (read query) behind(columns string, o order, values ...any) query {
	read.args = slices.Clone(read.args) // read is used elsewhere too
	places := make([]string, len(values))
	for i, value := range values {
		places[i] = read.args.add(value)
	}
	sign := " > "
	if o.descending {
		sign = " < "
	}
	read.where += " AND (" + columns + ")" + sign + "(" + strings.Join(places, ", ") + ")"
	return read
}

// orderColumns are the columns to order by; for ids it is query.user.
var orderColumns = map[string]string{byUsername: "m.username_key", byEmail: "m.email_key"}

func (read query) page(ctx context.Context, q sqldb.Querier, o order, limit, offset int) ([]member.Member, error) {
	if o.byFigure() {
		return read.pageByFigure(ctx, q, o, limit, offset)
	}
	if o.by == byCreation {
		return read.beyond(o).ordered(ctx, q, []string{read.user}, o, limit, offset)
	}
	column := orderColumns[o.by]
	if o.from != nil {
		read = read.behind(column, o, o.from.key)
	}
	return read.ordered(ctx, q, []string{column}, o, limit, offset)
}

// count counts the members, up to limit.
func (read query) count(ctx context.Context, q sqldb.Querier, limit int) (int64, error) {
	return sqldb.One(ctx, q, "community", sqldb.Value[int64],
		fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT %d) AS found", read.tables, read.where, limit), read.args...)
}

// countEntries counts the index entries that match a condition, up to a bound.
func countEntries(ctx context.Context, q sqldb.Querier, communityID string, c Condition) (int64, error) {
	args := params{communityID}
	entry := c.entry("v", args.add)
	return sqldb.One(ctx, q, "field", sqldb.Value[int64],
		fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s v WHERE v.community_id = $1 AND %s LIMIT %d) AS found", c.table(), entry, fewEntries+1), args...)
}

// countJobMembers counts the members in the list of a bulk job, up to a bound.
func countJobMembers(ctx context.Context, q sqldb.Querier, communityID, jobID string) (int64, error) {
	return sqldb.One(ctx, q, "job", sqldb.Value[int64],
		fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM bulk_members WHERE community_id = $1 AND job_id = $2 LIMIT %d) AS found", fewEntries+1), communityID, jobID)
}
