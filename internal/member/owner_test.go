package member_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// TestOwnersAreFoundWithoutAScanOfTheMembers checks the plan of SQLite, which has no
// statistics; PostgreSQL scans small tables in any case.
func TestOwnersAreFoundWithoutAScanOfTheMembers(t *testing.T) {
	each(t, func(f *fixture) {
		f.People("ann", "bob")
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			owners, err := member.LockOwners(f.Context(), tx, f.Community)
			if len(owners) > 1 {
				f.Errorf("owners %v", owners)
			}
			return err
		}))
		if f.DB.Dialect() != sqldb.SQLite {
			return
		}
		plan, err := sqldb.All(f.Context(), f.DB, func(s sqldb.Scanner) (text string, err error) {
			var id, parent, unused int
			return text, s.Scan(&id, &parent, &unused, &text)
		}, "EXPLAIN QUERY PLAN SELECT m.user_id FROM "+member.FromOwners(f.DB.Dialect())+" WHERE m.community_id = $1 AND m.owner AND m.state = 'active' ORDER BY m.user_id", f.Community)
		f.OK(err)
		if text := strings.Join(plan, "\n"); !strings.Contains(text, "members_owner") {
			f.Errorf("the plan scans the members: %s", text)
		}
	})
}
