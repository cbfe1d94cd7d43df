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

// place is the table and the column of a figure. A member without a row has 0.
type place struct {
	table, column string
	day           string // condition on the day of the row, with a %s for a day; "": none
	before        int64  // days between that day and the present one
	only          string // condition on the rows that count, after the name of the table; "": all
	unordered     bool   // rows with one value are not in the order of the members
}

var figures = map[string]place{
	field.TotalMessages: {table: "message_totals", column: "messages"}, field.ReplySent: {table: "message_totals", column: "replies"}, field.TotalReactions: {table: "message_totals", column: "reactions"},
	field.VisitCount: {table: "member_presence", column: "visits"}, field.TimeSpent: {table: "member_presence", column: "minutes"},
	field.LoginStreak: {table: "member_presence", column: "streak", day: "streak_day >= %s", before: 1, unordered: true},
	field.XP:          {table: "member_xp", column: "amount", unordered: true}, field.Coins: {table: "member_coins", column: "amount", unordered: true},
	field.PremiumCurrency:  {table: "member_premium", column: "amount", unordered: true},
	field.XPEarnedToday:    {table: "member_xp_days", column: "earned", day: "day = %s", unordered: true},
	field.CoinsEarnedToday: {table: "member_coins_days", column: "earned", day: "day = %s", unordered: true},
	field.IsOnline:         {table: "member_visits", column: "online_until"},
	field.Tier:             {table: "tier_positions", column: "tier_id"},
	field.Badge:            {table: "badge_awards", column: "badge_id", only: "removed_at = 0"},
}

// figureEntry is the condition on a row of the table of a figure.
func (c Condition) figureEntry(table string, op string, param func(any) string) string {
	value, f, ofDay := c.Value, figures[c.Field.Field], ""
	switch v := c.Value.(type) {
	case dayValue:
		value, ofDay = v.n, f.ofDay(table, v.today, param)
	case firstTier:
		value = string(v)
	}
	if f.only != "" {
		ofDay = " AND " + table + "." + f.only
	}
	return fmt.Sprintf("%s.%s %s %s", table, f.column, op, param(value)) + ofDay
}

// ofDay is the condition on the day of a row of a figure, with AND before it; "": none.
func (f place) ofDay(table string, today int64, param func(any) string) string {
	if f.day == "" {
		return ""
	}
	return " AND " + table + "." + fmt.Sprintf(f.day, param(today-f.before))
}

// inverse are the operators of the opposite comparisons.
var inverse = map[Operator]string{Equals: "<>", AtLeast: "<", AtMost: ">", Above: "<=", Below: ">="}

// figureSQL is the condition on a figure in a WHERE clause, see Filter.sql.
func (c Condition) figureSQL(param func(any) string) string {
	rows := "EXISTS (SELECT 1 FROM " + c.table() + " o WHERE o.community_id = $1 AND o.user_id = m.user_id AND "
	if c.matchesNone() {
		return "NOT " + rows + c.figureEntry("o", inverse[c.Op], param) + ")"
	}
	return rows + c.figureEntry("o", string(c.Op), param) + ")"
}

// pageByFigure is query.page in the order of a figure. Members that have done nothing
// have no row, so they are read apart.
func (read query) pageByFigure(ctx context.Context, q sqldb.Querier, o order, limit, offset int) ([]member.Member, error) {
	f := figures[o.by]
	args := slices.Clone(read.args)
	counts := "s.community_id = $1 AND s.user_id = m.user_id" + f.ofDay("s", o.today, args.add)
	if read.user != "m.user_id" { // few: sorted in memory
		columns := []string{"COALESCE(s." + f.column + ", 0)", read.user}
		few := read.with(read.tables+" LEFT JOIN "+f.table+" s ON "+counts, read.where, args)
		if o.from != nil {
			few = few.behind(strings.Join(columns, ", "), o, o.from.figure, o.from.userID)
		}
		return few.ordered(ctx, q, columns, o, limit, offset)
	}
	some := read.with(f.table+" s CROSS JOIN "+read.tables, counts+" AND s."+f.column+" > 0 AND "+read.where, args)
	none := read.with(read.tables, read.where+" AND NOT EXISTS (SELECT 1 FROM "+f.table+" s WHERE "+counts+" AND s."+f.column+" > 0)", args)
	bySome, byNone := []string{"s." + f.column, "s.user_id"}, []string{read.user}
	onlyThen := false // the position is behind all of the first
	if o.from != nil {
		if onlyThen = o.from.figure > 0 != o.descending; o.from.figure > 0 {
			some = some.behind(strings.Join(bySome, ", "), o, o.from.figure, o.from.userID)
		} else {
			none = none.beyond(o)
		}
	}
	first, then, byFirst, byThen := none, some, byNone, bySome
	if o.descending {
		first, then, byFirst, byThen = some, none, bySome, byNone
	}
	if onlyThen {
		return then.ordered(ctx, q, byThen, o, limit, offset)
	}
	found, err := first.ordered(ctx, q, byFirst, o, limit, offset)
	if err != nil || len(found) == limit {
		return found, err
	}
	if len(found) == 0 && offset > 0 {
		passed, err := first.count(ctx, q, offset)
		if err != nil {
			return nil, err
		}
		offset -= int(passed)
	} else {
		offset = 0
	}
	more, err := then.ordered(ctx, q, byThen, o, limit-len(found), offset)
	return append(found, more...), err
}

// figureOf returns the figure of a member that an order is by.
func figureOf(ctx context.Context, q sqldb.Querier, communityID string, o order, userID string) (int64, error) {
	f, args := figures[o.by], params{communityID, userID}
	where := "s.community_id = $1 AND s.user_id = $2" + f.ofDay("s", o.today, args.add)
	return sqldb.One(ctx, q, "member", sqldb.Value[int64], "SELECT COALESCE(MAX(s."+f.column+"), 0) FROM "+f.table+" s WHERE "+where, args...)
}

// with returns a query of other tables.
func (read query) with(tables, where string, args params) query {
	return query{tables: tables, where: where, user: read.user, args: args}
}

// ordered returns the members of a query in the order of some columns.
func (read query) ordered(ctx context.Context, q sqldb.Querier, columns []string, o order, limit, offset int) ([]member.Member, error) {
	by := ""
	for i, column := range columns {
		if i > 0 {
			by += ", "
		}
		by += column
		if o.descending {
			by += " DESC"
		}
	}
	return member.SelectMembers(ctx, q, fmt.Sprintf("%s WHERE %s ORDER BY %s LIMIT %d OFFSET %d", read.tables, read.where, by, limit, offset), read.args...)
}
