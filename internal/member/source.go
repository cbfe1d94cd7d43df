package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
)

// source is where the members of a list are read from: the index of values
// where a condition asks for few of them, else all members in turn.
type source struct {
	driving   *Condition  // by whose entries of the index the members are found; nil: all in turn
	countries []Condition // these entries answer them too
	filter    Filter      // what is left to ask of each member
	indexed   []Condition // those of the filter that the index can answer first, without the member
}

// fewEntries can be put into another order than their own.
const fewEntries = 5_000

// source chooses how to read the members that a filter chooses. sorted says
// that they are wanted in the order of their ids.
func (s *Members) source(ctx context.Context, communityID string, f Filter, sorted bool) (source, error) {
	at, err := rarest(f.Where, sorted, func(c Condition) (int64, error) { return countEntries(ctx, s.db, communityID, c) })
	if err != nil || at < 0 {
		return source{filter: f}, err
	}
	return drivenBy(at, f), nil
}

// drivenBy reads the members by the index of one of the filter's conditions.
func drivenBy(at int, f Filter) source {
	src := source{driving: &f.Where[at]}
	for i, c := range f.Where {
		if i != at && c.byCountry() {
			src.countries = append(src.countries, c)
		}
	}
	f.Where = slices.DeleteFunc(slices.Delete(slices.Clone(f.Where), at, at+1), Condition.byCountry)
	for _, c := range f.Where {
		if c.indexed() && c.Op == Equals {
			src.indexed = append(src.indexed, c)
		}
	}
	src.filter = f
	return src
}

// indexed reports whether the index knows everybody who fulfils the condition.
func (c Condition) indexed() bool {
	text, ok := c.Value.(string)
	return !c.Field.Default && c.Field.Filterable && c.Field.Filled && (!ok || len(text) <= field.LongestKey || c.Op == Equals)
}

// byCountry reports whether each entry of the index answers the condition.
func (c Condition) byCountry() bool {
	return c.Field.Default && c.Field.Field == field.CountryName && c.Op == Equals
}

// rarest is the place of the condition by whose index members are best found,
// -1 where reading everybody is better. entries counts what the index has for
// a condition, not much further than fewEntries.
func rarest(where []Condition, sorted bool, entries func(Condition) (int64, error)) (int, error) {
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
		n, err := entries(c)
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
