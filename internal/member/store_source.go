package member

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// source is where the members of a list are read from: the index of values
// where a condition asks for few of them, else all members in turn.
type source struct {
	tables, where string
	user          string // the column of the members' ids, in whose order the source can be read
	args          []any
}

// fewEntries can be put into another order than their own.
const fewEntries = 5_000

// source chooses how to read the members that a filter chooses. sorted says
// that they are wanted in the order of their ids.
func (s *Members) source(ctx context.Context, communityID string, f Filter, sorted bool) (source, error) {
	at, err := s.rarest(ctx, communityID, f.Where, sorted)
	if err != nil {
		return source{}, err
	}
	src := source{tables: memberTables, user: "m.user_id"}
	if at < 0 {
		src.where, src.args = s.conditions(communityID, f)
		return src, nil
	}
	drives := f.Where[at]
	f.Where = slices.Delete(slices.Clone(f.Where), at, at+1)
	var countries []Condition
	f.Where = slices.DeleteFunc(f.Where, func(c Condition) bool {
		if c.byCountry() {
			countries = append(countries, c)
		}
		return c.byCountry()
	})
	src.where, src.args = s.conditions(communityID, f)
	param := func(arg any) string {
		src.args = append(src.args, arg)
		return fmt.Sprintf("$%d", len(src.args))
	}
	// CROSS JOIN: SQLite reads the tables in this order.
	src.tables, src.user = "member_value v CROSS JOIN members m CROSS JOIN accounts a", "v.user_id"
	src.where = "v.community_id = $1 AND " + drives.entry("v", param) + " AND m.community_id = $1 AND m.user_id = v.user_id AND a.id = v.user_id AND " + src.where
	for _, c := range countries {
		src.where += " AND v.country = " + param(c.Value)
	}
	for _, c := range f.Where {
		if c.indexed() && c.Op == Equals { // found without reading the member
			src.where += " AND EXISTS (SELECT 1 FROM member_value o WHERE o.community_id = $1 AND " + c.entry("o", param) + " AND o.user_id = v.user_id)"
		}
	}
	return src, nil
}

// indexed reports whether the index knows everybody who fulfils the condition.
func (c Condition) indexed() bool {
	text, ok := c.Value.(string)
	return !c.Field.Default && c.Field.Filterable && c.Field.Filled && (!ok || len(text) <= longestKey || c.Op == Equals)
}

// byCountry reports whether each entry of the index answers the condition.
func (c Condition) byCountry() bool {
	return c.Field.Default && c.Field.Field == CountryName && c.Op == Equals
}

// entry is the condition on an entry of the index.
func (c Condition) entry(table string, param func(any) string) string {
	return fmt.Sprintf("%s.field_id = %s AND %s.key %s %s", table, param(c.Field.ID), table, c.Op, param(keys(c.Value)[0]))
}

// rarest is the place of the condition by whose index members are best found,
// -1 where reading everybody is better.
func (s *Members) rarest(ctx context.Context, communityID string, where []Condition, sorted bool) (int, error) {
	best, fewest, usable := -1, int64(0), 0
	for _, c := range where {
		if c.indexed() && c.Op == Equals {
			usable++
		}
	}
	for i, c := range where {
		if !c.indexed() || c.Op != Equals && usable > 0 {
			continue
		}
		if usable == 1 && sorted {
			return i, nil // whatever it finds is in order
		}
		n, err := countEntries(ctx, s.db, communityID, c)
		if err != nil {
			return -1, err
		}
		if n > fewEntries && (c.Op != Equals || !sorted) {
			continue // they would have to be sorted for one page
		}
		if best < 0 || n < fewest {
			best, fewest = i, n
		}
	}
	return best, nil
}

// countEntries counts what the index has for a condition, not much further
// than it matters.
func countEntries(ctx context.Context, q sqldb.Querier, communityID string, c Condition) (int64, error) {
	args := []any{communityID}
	entry := c.entry("v", func(arg any) string {
		args = append(args, arg)
		return fmt.Sprintf("$%d", len(args))
	})
	return sqldb.One(ctx, q, "field", sqldb.Value[int64],
		fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM member_value v WHERE v.community_id = $1 AND %s LIMIT %d) AS found", entry, fewEntries+1), args...)
}

// after returns the next members of the source after one, in the order of
// their ids.
func (src source) after(ctx context.Context, q sqldb.Querier, userID string, limit int) ([]Member, error) {
	args := append(slices.Clone(src.args), userID)
	return selectMembers(ctx, q, fmt.Sprintf("%s WHERE %s AND %s > $%d ORDER BY %s LIMIT %d", src.tables, src.where, src.user, len(args), src.user, limit), args...)
}
