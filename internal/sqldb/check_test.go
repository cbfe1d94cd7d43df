package sqldb_test

import (
	"os"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestHealthyDatabaseHasNoProblem(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if problem, err := db.Check(t.Context()); err != nil || problem != "" {
			t.Errorf("%q, %v", problem, err)
		}
	})
}

func TestDamagedFileIsReported(t *testing.T) {
	address := sqldbtest.Address(t, sqldb.SQLite)
	path := address[len("sqlite:"):]
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(content) / 2; i < len(content)/2+4096; i++ {
		content[i] = 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), address, sqldb.Options{})
	if err != nil {
		return // the page is one of the schema
	}
	if problem, err := db.Check(t.Context()); err == nil && problem == "" {
		t.Error("no problem reported")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
