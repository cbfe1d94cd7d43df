package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/field"
)

func TestAListIsReadByTheConditionThatFewFulfil(t *testing.T) {
	fields := map[string]*field.Field{"country": {Field: field.CountryName, Type: field.Country, Default: true}}
	for _, name := range []string{"few", "some", "many", "filling", "unindexed"} {
		fields[name] = &field.Field{ID: name, Field: name, Filterable: name != "unindexed", Indexed: name != "filling"}
	}
	entries := map[string]int64{"few": 3, "some": 40, "many": fewEntries + 1}
	for _, row := range []struct {
		where  string // = asks for a value, > for a range
		sorted bool   // by id
		want   string // driving, then what its entries answer, then what the index answers first
	}{
		{"", true, ""},
		{"unindexed= filling= country=", true, ""},
		{"some= few= unindexed=", false, "few [] [some]"},
		{"some> few=", false, "few [] []"}, // a range only where there is no value
		{"some> few>", false, "few [] []"},
		{"many=", true, "many [] []"}, // in the order that is wanted
		{"many=", false, ""},
		{"many>", true, ""},
		{"country= many= some=", true, "some [country] [many]"},
	} {
		var where []Condition
		for _, word := range strings.Fields(row.where) {
			name, op := word[:len(word)-1], Equals
			if strings.HasSuffix(word, ">") {
				op = Above
			}
			where = append(where, Condition{fields[name], op, "x"})
		}
		at, err := rarest(where, row.sorted, func(c Condition) (int64, error) { return entries[c.Field.ID], nil })
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if at >= 0 {
			src := drivenBy(at, Filter{Where: where})
			got = fmt.Sprintf("%s %v %v", src.driving.Field.Field, namesOf(src.countries), namesOf(src.indexed))
			if left := len(src.filter.Where); left != len(where)-1-len(src.countries) {
				t.Errorf("%s: %d conditions are left to ask", row.where, left)
			}
		}
		if got != row.want {
			t.Errorf("%s, sorted %v: read by %q, want %q", row.where, row.sorted, got, row.want)
		}
	}
}

func namesOf(conditions []Condition) (names []string) {
	for _, c := range conditions {
		names = append(names, c.Field.Field)
	}
	return names
}
