package migrations

// Cached has the tables that are read through caches, with the columns that no
// cache holds: an update that starts with one of these columns does not count as a
// change of the table.
var Cached = map[string][]string{
	"account_api_keys":  {"used_at"},
	"accounts":          {"signed_in_at"},
	"api_keys":          {"used_at"},
	"communities":       nil,
	"field_definitions": nil,
	"field_jobs":        nil,
	"merged_tags":       nil,
	"roles":             nil,
	"sessions":          {"seen_at"},
	"tags":              nil,
}
