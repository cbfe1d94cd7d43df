package api_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// TestOperationsOfACommunityDoNotReadAccountsElsewhere makes every statement fail
// that reads the row of an account which belongs to another community, and
// then adds, imports, finds, changes and signs in members with the addresses
// and usernames of those accounts. What reads no such row takes the same time
// whether there is one: the statements are the same, and so are the rows that
// they read. This needs no clock, which a loaded machine would falsify.
//
// Registration, sign-in and forgotten passwords have to read the account that
// they are about. They do the same work in both cases, which is tested in
// package account.
func TestOperationsOfACommunityDoNotReadAccountsElsewhere(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		w := newProbe(t, a, "")
		w.trap()
		w.people()
		w.lists()
		w.files()
		w.systems()
		w.added()
		w.changes()
		for _, line := range w.lines {
			what, answer, _ := strings.Cut(line, "\n")
			if strings.HasPrefix(answer, "5") || strings.Contains(answer, `"gave_up"`) {
				t.Errorf("%s reads accounts of persons elsewhere: %.300s", what, answer)
			}
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE accounts_behind SET updated_at = updated_at WHERE username_key = 'ann'"); err != nil {
			t.Error(err)
		}
		var name string
		if err := a.DB.QueryRow(t.Context(), "SELECT username FROM accounts WHERE email_key = 'ann@example.com'").Scan(&name); err == nil {
			t.Errorf("the trap does not work: it returned %q", name)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.AnonymousPerSec = 0 }))
}

// trap replaces accounts by a view in which reading the row of an account elsewhere
// fails, because the absolute value of its number overflows.
func (w *probe) trap() {
	w.Helper()
	names := make([]string, len(elsewhere))
	for i, e := range elsewhere {
		names[i] = "'" + e[1] + "'"
	}
	for _, statement := range []string{
		"ALTER TABLE accounts RENAME TO accounts_behind",
		"CREATE VIEW accounts AS SELECT * FROM accounts_behind WHERE abs(CASE WHEN username_key IN (" + strings.Join(names, ", ") + ") THEN -9223372036854775807 - 1 ELSE 1 END) > 0",
	} {
		if _, err := w.app.DB.Exec(w.Context(), statement); err != nil {
			w.Fatal(err)
		}
	}
}
