package migrations_test

import (
	"slices"
	"testing"

	"github.com/regulars/regulars/migrations"
)

func TestTablesThatAStatementChanges(t *testing.T) {
	for query, want := range map[string][]string{
		"SELECT name FROM tags FOR UPDATE":                                                        nil,
		"INSERT INTO tags (id) VALUES ($1)":                                                       {"tags"},
		"insert or fail into tags (id) select c0 from row_source":                                 {"tags"},
		"INSERT INTO members (id) SELECT id FROM tags":                                            nil,
		"UPDATE tags SET name = $1":                                                               {"tags"},
		"UPDATE OR FAIL tags SET name = c0 FROM row_source":                                       {"tags"},
		"UPDATE sessions SET seen_at = $1 WHERE id = $2":                                          nil,
		"UPDATE sessions SET account_id = $1":                                                     {"sessions"},
		"DELETE FROM roles WHERE id = $1":                                                         {"roles"},
		"WITH gone AS (DELETE FROM tags RETURNING id) INSERT INTO merged_tags SELECT * FROM gone": {"merged_tags", "tags"},
		"INSERT INTO roles (id) VALUES ($1) ON CONFLICT DO UPDATE SET title = excluded.title":     {"roles"},
	} {
		if got := migrations.ChangedBy(query).Names(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}
