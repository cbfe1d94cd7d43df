package api_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// closeServer deletes a community as its owner.
func closeServer(t *testing.T, a *apptest.App, serverID, owner, name string) reply {
	t.Helper()
	res := send(t, a, "DELETE", "/v1/servers/"+serverID+"?confirm="+name, owner, "")
	if res.status != 200 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return res
}

func TestDeletedCommunityIsNotFoundUntilRestored(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		w := newPopulated(t, a)
		key := a.Key(t, w.community)
		_, plain := person(t, a, "guest")
		_, late := person(t, a, "late")
		code := w.ids["code"]
		if res := join(t, a, w.community, plain, code); res.status != 200 {
			t.Fatal(res.text)
		}
		send(t, a, "GET", "/v1/users/bulk-update", key, "") // records its use
		send(t, a, "GET", "/v1/servers/"+w.community, plain, "")
		before := sqldbtest.Dump(t, a.DB, append(slices.Clone(moving), "audit_log")...)

		for who, c := range map[string]struct {
			token, query string
			status       int
			code         string
		}{
			"a member":         {plain, "?confirm=Testers", 403, "missing_permission"},
			"a key":            {key, "?confirm=Testers", 403, "owner_required"},
			"without the name": {w.owner, "", 400, "confirm_required"},
			"another name":     {w.owner, "?confirm=testers", 400, "confirm_required"},
		} {
			if res := send(t, a, "DELETE", "/v1/servers/"+w.community+c.query, c.token, ""); res.status != c.status || res.code() != c.code {
				t.Errorf("%s: %d %s", who, res.status, res.text)
			}
		}
		closeServer(t, a, w.community, w.owner, "Testers")
		checkNotFound(t, a, w, key, plain)
		if res := join(t, a, w.community, late, code); res.status != 404 {
			t.Errorf("an invite lets people in: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/servers?deleted=true", w.owner, ""); res.at("data.0._id") != w.community || res.at("data.0.erasedAt") == nil {
			t.Errorf("not in the owner's list: %s", res.text)
		}
		for who, token := range map[string]string{"a member": plain, "a stranger": w.credentials[1].token} {
			if res := send(t, a, "GET", "/v1/servers?deleted=true", token, ""); len(res.at("data").([]any)) != 0 {
				t.Errorf("in the list of %s: %s", who, res.text)
			}
			if res := send(t, a, "POST", "/v1/servers/"+w.community+"/restore", token, ""); res.status != 404 {
				t.Errorf("%s restores it: %d", who, res.status)
			}
		}
		if res := send(t, a, "POST", "/v1/servers/"+w.community+"/restore", w.owner, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if d := cmp.Diff(before, sqldbtest.Dump(t, a.DB, append(slices.Clone(moving), "audit_log")...)); d != "" {
			t.Errorf("not all is as it was:\n%s", d)
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", key, ""); res.status != 200 {
			t.Errorf("the key: %d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", "/v1/servers/"+w.community+"/restore", w.owner, ""); res.status != 409 || res.code() != "not_deleted" {
			t.Errorf("restored twice: %d %s", res.status, res.text)
		}
	})
}

// checkNotFound sends every operation of a community as its owner, a member and a
// key.
func checkNotFound(t *testing.T, a *apptest.App, w *populated, key, member string) {
	t.Helper()
	for _, op := range w.operations() {
		if op.open || !strings.Contains(op.address, w.community) || strings.HasSuffix(op.name, "/restore") || !aboutCommunity(op) {
			continue
		}
		for who, c := range map[string]struct {
			token  string
			status int
		}{"the owner": {w.owner, 404}, "a member": {member, 404}, "a key": {key, 401}} {
			if res := send(t, a, op.method, op.address, c.token, op.body); res.status != c.status {
				t.Errorf("%s as %s: %d %.200s", op.name, who, res.status, res.text)
			}
		}
	}
}

// aboutCommunity reports whether the path of an operation names a community. As a
// query parameter it is ignored by operations of a person.
func aboutCommunity(op operation) bool {
	return strings.Contains(op.name, "{communityId}") || strings.Contains(op.name, "{serverId}")
}

func TestCommunityIsErasedAfterTheRetentionTime(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		w := newPopulated(t, a)
		neighbour := newNeighbour(t, a)
		_, pal := joined(t, a, w.community, w.owner, "pal")
		createServer(t, a, pal, "Pals")
		fillTables(t, a, w.community)
		before := lastingRowsOf(t, a, neighbour)
		closeServer(t, a, w.community, w.owner, "Testers")
		wait(29 * 24 * time.Hour)
		if err := a.Communities.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := rowsOf(t, a, w.community); len(rows) == 0 {
			t.Fatal("it is erased before its time")
		}
		wait(2 * 24 * time.Hour)
		if err := a.Communities.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := rowsOf(t, a, w.community); len(rows) != 0 {
			t.Errorf("left: %v", rows)
		}
		if after := lastingRowsOf(t, a, neighbour); cmp.Diff(before, after) != "" {
			t.Errorf("rows of another community: %s", cmp.Diff(before, after))
		}
		count := func(query, arg string) (n int) {
			n, err := sqldb.One(t.Context(), a.DB, "row", sqldb.Value[int], query, arg)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count("SELECT count(*) FROM communities WHERE id = $1", w.community); n != 0 {
			t.Error("the community itself is left")
		}
		if n := count("SELECT count(*) FROM accounts WHERE username_key = $1", "pal"); n != 1 {
			t.Errorf("%d accounts of a member of another community", n)
		}
	})
}

// newNeighbour creates another community with members, fields and a log.
func newNeighbour(t *testing.T, a *apptest.App) string {
	t.Helper()
	_, token := person(t, a, "neighbour")
	serverID := createServer(t, a, token, "Neighbours")
	joined(t, a, serverID, token, "lodger")
	importFile(t, a, a.Key(t, serverID), "First Name,Last Name,Username,Email\nJean,Bartik,jean,jean@example.com\n")
	return serverID
}

// rowsOf counts the rows of a community in each table, without those that a server
// writes by itself.
func rowsOf(t *testing.T, a *apptest.App, communityID string) map[string]int {
	t.Helper()
	rows := map[string]int{}
	for table, columns := range sqldbtest.Tables(t, a.DB) {
		if !slices.Contains(columns, "community_id") {
			continue
		}
		n, err := sqldb.One(t.Context(), a.DB, "row", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE community_id = $1", communityID)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			rows[table] = n
		}
	}
	return rows
}

// lastingRowsOf is rowsOf without the rows of events, which consumers and the
// retention of events change meanwhile.
func lastingRowsOf(t *testing.T, a *apptest.App, communityID string) map[string]int {
	t.Helper()
	rows := rowsOf(t, a, communityID)
	for _, table := range []string{"events", "event_positions", "event_sequences", "stats_members", "jobs"} {
		delete(rows, table)
	}
	return rows
}

// fillTables inserts a row into every empty table of a community, so that the test
// covers future tables too. Referenced rows come first.
func fillTables(t *testing.T, a *apptest.App, communityID string) {
	t.Helper()
	has := rowsOf(t, a, communityID)
	owner, err := sqldb.One(t.Context(), a.DB, "account", sqldb.Value[string], "SELECT id FROM accounts WHERE username_key = $1", "owner")
	if err != nil {
		t.Fatal(err)
	}
	empty := map[string]string{}
	for table, columns := range sqldbtest.Tables(t, a.DB) {
		if slices.Contains(columns, "community_id") && (has[table] == 0 || table == "channels") {
			empty[table] = insertion(t, a, table, columns, communityID, owner)
		}
	}
	for filled := 1; filled > 0; {
		filled, err = 0, nil
		for table, query := range empty {
			if _, failed := a.DB.Exec(t.Context(), query); failed != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", table, failed))
				continue
			}
			delete(empty, table)
			filled++
		}
	}
	if err != nil {
		t.Errorf("tables without a row: %v", err)
	}
}

// insertion returns a statement that inserts any row into a table.
func insertion(t *testing.T, a *apptest.App, table string, columns []string, communityID, accountID string) string {
	t.Helper()
	types := columnTypes(t, a, table)
	values := make([]string, len(columns))
	for i, column := range columns {
		switch kind := types[column]; {
		case column == "community_id":
			values[i] = "'" + communityID + "'"
		case column == "account_id" || column == "user_id":
			values[i] = "'" + accountID + "'"
		case strings.HasSuffix(kind, "or none"):
			values[i] = "NULL"
		case strings.Contains(kind, "int"):
			values[i] = "7"
		case strings.Contains(kind, "bool"):
			values[i] = "FALSE"
		case strings.Contains(kind, "json"):
			values[i] = "'[]'"
		default:
			values[i] = "'x'"
		}
	}
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}

func columnTypes(t *testing.T, a *apptest.App, table string) map[string]string {
	t.Helper()
	query := "SELECT name, type || CASE WHEN \"notnull\" = 0 AND pk = 0 THEN ' or none' ELSE '' END FROM pragma_table_info($1)"
	if a.DB.Dialect() == sqldb.Postgres {
		query = "SELECT column_name, COALESCE(domain_name, data_type) || CASE WHEN is_nullable = 'YES' THEN ' or none' ELSE '' END FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1"
	}
	types := map[string]string{}
	_, err := sqldb.All(t.Context(), a.DB, func(s sqldb.Scanner) (struct{}, error) {
		var name, kind string
		err := s.Scan(&name, &kind)
		types[name] = strings.ToLower(kind)
		return struct{}{}, err
	}, query, table)
	if err != nil {
		t.Fatal(err)
	}
	return types
}
