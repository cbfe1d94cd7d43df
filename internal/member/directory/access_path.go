package directory

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
)

// accessPath is how a list reads members: through the index of values if a
// condition matches few, through the list of a bulk job, else all in order.
type accessPath struct {
	job       string      // bulk job whose list is read; "": none
	driving   *Condition  // condition of the index scan; nil: full scan
	countries []Condition // conditions that the entries answer too
	filter    Filter      // remaining filter on each member
	indexed   []Condition // conditions of filter that the index answers without reading the member
}

// fewEntries is the number of index entries that are sorted in memory.
const fewEntries = 5_000

// accessPath chooses the access path of a filter. sorted: members are wanted in
// the order of their ids.
func (s *Directory) accessPath(ctx context.Context, communityID string, f Filter, sorted bool) (accessPath, error) {
	var err error
	if f.Where, err = s.resolve(ctx, communityID, f.Where); err != nil {
		return accessPath{}, err
	}
	at, err := rarest(f.Where, sorted && f.JobID == "", func(c Condition) (int64, error) { return countEntries(ctx, s.db, communityID, c) })
	switch {
	case err != nil:
		return accessPath{}, err
	case at >= 0:
		return drivenBy(at, f), nil
	case f.JobID == "":
		return accessPath{filter: f}, nil
	}
	if !sorted {
		n, err := countJobMembers(ctx, s.db, communityID, f.JobID)
		if err != nil || n > fewEntries {
			return accessPath{filter: f}, err
		}
	}
	src := accessPath{job: f.JobID, filter: f}
	src.filter.JobID = ""
	return src, nil
}

// drivenBy is the access path through the index of one of the conditions.
func drivenBy(at int, f Filter) accessPath {
	src := accessPath{driving: &f.Where[at]}
	for i, c := range f.Where {
		if i != at && c.byCountry() && !src.driving.byRows() {
			src.countries = append(src.countries, c)
		}
	}
	f.Where = slices.Delete(slices.Clone(f.Where), at, at+1)
	if len(src.countries) > 0 {
		f.Where = slices.DeleteFunc(f.Where, Condition.byCountry)
	}
	for _, c := range f.Where {
		if c.indexed() && c.Op == Equals && !c.byRows() {
			src.indexed = append(src.indexed, c)
		}
	}
	src.filter = f
	return src
}

// indexed reports whether the index has all members that match the condition.
func (c Condition) indexed() bool {
	if c.byRows() {
		return !c.matchesNone()
	}
	text, ok := c.Value.(string)
	return !c.Field.Default && c.Field.Filterable && c.Field.Indexed && (!ok || len(text) <= field.LongestKey || c.Op == Equals)
}

// ordered reports whether the entries that match are in the order of the members.
func (c Condition) ordered() bool {
	return c.Op == Equals && !c.unordered()
}

// counted is the access path to count the members: by a figure also where it matches too
// many to sort.
func (src accessPath) counted() accessPath {
	if src.driving != nil || src.job != "" {
		return src
	}
	for i, c := range src.filter.Where {
		if c.byRows() && c.indexed() {
			return drivenBy(i, src.filter)
		}
	}
	return src
}

// byCountry reports whether an index entry of any field answers the condition.
func (c Condition) byCountry() bool {
	return c.Field.Default && c.Field.Field == field.CountryName && c.Op == Equals
}

// rarest returns the position of the condition with the cheapest index scan, -1
// if a full scan is cheaper. entries counts index entries, up to a bound.
func rarest(where []Condition, sorted bool, entries func(Condition) (int64, error)) (int, error) {
	best, fewest, usable := -1, int64(0), 0
	for _, c := range where {
		if c.indexed() && c.ordered() {
			usable++
		}
	}
	for i, c := range where {
		if !c.indexed() || !c.ordered() && usable > 0 {
			continue
		}
		if usable == 1 && sorted {
			return i, nil // its entries are in order
		}
		n, err := entries(c)
		if err != nil {
			return -1, err
		}
		if n > fewEntries && (!c.ordered() || !sorted) {
			continue // too many to sort for one page
		}
		if best < 0 || n < fewest {
			best, fewest = i, n
		}
	}
	return best, nil
}
