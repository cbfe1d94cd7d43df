package migrations

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// cached has the tables that are read through caches, with the columns that no
// cache holds: an update that starts with one of these columns does not count as a
// change of the table.
var cached = map[string][]string{
	"account_api_keys":   {"used_at"},
	"accounts":           {"signed_in_at"},
	"api_keys":           {"used_at"},
	"channel_categories": nil,
	"channel_overrides":  nil,
	"channels":           nil,
	"communities":        nil,
	"field_definitions":  nil,
	"field_jobs":         nil,
	"merged_tags":        nil,
	"roles":              nil,
	"sessions":           {"seen_at"},
	"tags":               nil,
}

// CachedTables are the names of the tables that are read through caches, in the
// order of their bits in a TableSet.
var CachedTables = slices.Sorted(maps.Keys(cached))

// TableSet is a set of cached tables, a bit for each.
type TableSet uint64

// NewTableSet returns the set of the cached ones among some tables.
func NewTableSet(tables ...string) (set TableSet) {
	for _, name := range tables {
		if i := slices.Index(CachedTables, name); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

// Names returns the names of the tables.
func (s TableSet) Names() (names []string) {
	for i, name := range CachedTables {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

var (
	writtenTable = regexp.MustCompile(`(?i)\b(?:INSERT\s+(?:OR\s+[A-Z]+\s+)?INTO|DELETE\s+FROM|UPDATE(?:\s+OR\s+[A-Z]+)?)\s+([a-z_]+)(?:\s+SET\s+([a-z_]+))?`)
	// known remembers the sets of statements by their text.
	known sync.Map
)

// ChangedBy returns the cached tables that a statement changes.
func ChangedBy(query string) TableSet {
	if strings.HasPrefix(query, "SELECT ") {
		return 0 // not remembered: filters have many texts
	}
	if set, ok := known.Load(query); ok {
		return set.(TableSet)
	}
	var set TableSet
	for _, match := range writtenTable.FindAllStringSubmatch(query, -1) {
		table, column := strings.ToLower(match[1]), strings.ToLower(match[2])
		if !slices.Contains(cached[table], column) {
			set |= NewTableSet(table)
		}
	}
	known.Store(query, set)
	return set
}
