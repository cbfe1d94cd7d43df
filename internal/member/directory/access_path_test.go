package directory_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestAFilterFindsTheSameWithAndWithoutTheIndex(t *testing.T) {
	each(t, func(f *fixture) {
		fields := []field.Input{
			{Field: "n", Type: field.Numerical},
			{Field: "t"},
			{Field: "d", Type: field.Date},
			{Field: "b", Type: field.Boolean},
			{Field: "m", Type: field.MultiSelect, Options: []string{"Red", "Blue", "Ärger"}},
			{Field: "c", Type: field.Country},
		}
		for _, in := range fields {
			f.Define(in)
		}
		random := rand.New(rand.NewPCG(1, 2))
		pick := func(list ...any) any { return list[random.IntN(len(list))] }
		draw := map[string]func() any{
			"n": func() any { return pick(nil, -10.0, -1.25, -1.2, -0.003, 0.0, 0.02, 7.0, 9.99, 10.0, 1e14) },
			"t": func() any { return pick(nil, "Gold", "gold", "ÄRGER", "ärger", "silver", "a_%", "ß") },
			"d": func() any { return pick(nil, "1815-12-10", "2024-02-29", "2024-03-01") },
			"b": func() any { return pick(nil, true, false) },
			"m": func() any { return pick(nil, "Red", "Red,Blue", "Blue,Ärger") },
			"c": func() any { return pick(nil, "DE", "GB") },
		}
		var names []string
		for i := range 60 {
			names = append(names, fmt.Sprintf("u%02d", i))
		}
		for _, who := range f.People(names...) {
			for _, in := range fields {
				f.OK(membertest.AsError(f.Change(who, in.Field, draw[in.Field]())))
			}
		}
		var filters []map[string]any
		one := func(field string) any {
			for {
				if v := draw[field](); v != nil && (field != "m" || v == "Red") {
					return v
				}
			}
		}
		for range 60 {
			filter := map[string]any{}
			for range 1 + random.IntN(3) {
				field := fields[random.IntN(len(fields))].Field
				filter[field] = one(field)
				if bound := random.IntN(6); bound < 4 && (field == "n" || field == "t" || field == "d") {
					filter[field] = map[string]any{[]string{"gte", "lte", "gt", "lt"}[bound]: one(field)}
				}
			}
			filters = append(filters, filter)
		}
		results := func() (found []string) {
			for _, filter := range filters {
				conditions, err := f.FilterFields().Conditions(filter)
				f.OK(err)
				list, err := f.Members.List(f.Context(), membertest.Command, f.Community, directory.Filter{Where: conditions, Sort: "-username", Limit: 200})
				f.OK(err)
				line := fmt.Sprint(filter, " ", f.Matching(filter), " ", list.Total)
				for _, m := range list.Members {
					line += " " + m.Username
				}
				found = append(found, line)
			}
			return found
		}
		without := results()
		for _, in := range fields {
			_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, in.Field, field.Update{Filterable: new(true)})
			f.OK(err)
		}
		if d := cmp.Diff(without, results()); d != "" {
			f.Error(d)
		}
		if n := f.Matching(map[string]any{"t": "GOLD"}); n == "" || n != f.Matching(map[string]any{"t": "gold"}) {
			f.Errorf("case counts: %q", n)
		}
	})
}
