package member_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// logged makes the log of the members' work readable. Read it once the work has
// ended.
func (f *fixture) logged() *bytes.Buffer {
	log := &bytes.Buffer{}
	f.members.Connect(member.Connections{Log: slog.New(slog.NewTextHandler(log, nil))})
	return log
}

// skips checks that the log has one line about skipped members for each work,
// with their number and some of their ids.
func (f *fixture) skips(log *bytes.Buffer, works []string, people ...*member.Record) {
	f.Helper()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != len(works) || f.members.SkippedTotal() != int64(len(works)*len(people)) {
		f.Errorf("%d skipped, %d lines:\n%s", f.members.SkippedTotal(), len(lines), log)
		return
	}
	for i, work := range works {
		for _, want := range []string{`work="` + work + `"`, fmt.Sprintf("count=%d", len(people)), people[0].ID, people[len(people)-1].ID} {
			if !strings.Contains(lines[i], want) {
				f.Errorf("no %s in %s", want, lines[i])
			}
		}
	}
}

// refuse lets the database refuse changes of the rows of members.
func (f *fixture) refuse(people ...*member.Record) {
	f.Helper()
	ids := make([]string, len(people))
	for i, r := range people {
		ids[i] = "'" + r.ID + "'"
	}
	condition := "NEW.user_id IN (" + strings.Join(ids, ", ") + ")"
	statements := []string{"CREATE TRIGGER refuse BEFORE UPDATE ON members FOR EACH ROW WHEN " + condition + " BEGIN SELECT RAISE(ABORT, 'refused'); END"}
	if f.db.Dialect() == sqldb.Postgres {
		statements = []string{
			"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN IF " + condition + " THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
			"CREATE TRIGGER refuse BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION refuse()",
		}
	}
	for _, statement := range statements {
		_, err := f.db.Exec(f.Context(), statement)
		f.ok(err)
	}
}

func TestADeletedRoleOrTagLeavesAllWhomTheDatabaseLets(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.people("ann", "bob", "cat", "dan", "eve")
		role := f.roles(access.RoleInput{Title: "gone"})["gone"]
		tag, err := f.members.CreateTag(f.Context(), f.community, "gone")
		f.ok(err)
		for _, r := range people {
			_, err := f.members.AddRole(f.Context(), command, f.community, r.ID, role.ID, member.Source{Type: "api"})
			f.ok(err)
			f.ok(asError(f.change(r, "tag", "gone")))
		}
		f.refuse(people[1], people[4])
		log := f.logged()
		f.ok(f.members.DeleteRole(f.Context(), command, f.community, role.ID))
		f.work()
		f.ok(f.members.DeleteTag(f.Context(), f.community, tag.ID))
		f.work()
		for i, r := range people {
			m, err := f.members.Find(f.Context(), f.community, r.ID)
			f.ok(err)
			names, err := f.members.Names(f.Context(), f.community)
			f.ok(err)
			kept := i == 1 || i == 4
			if slices.Contains(m.RoleIDs, role.ID) != kept || slices.Contains(m.TagIDs, tag.ID) != kept || len(names.TagsOf(&m)) != 0 {
				t.Errorf("%d: roles %v tags %v", i, m.RoleIDs, m.TagIDs)
			}
		}
		f.skips(log, []string{"remove role", "remove tag"}, people[1], people[4])
	})
}

func TestAJobConvertsAllValuesThatTheDatabaseLets(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.define(field.Input{Field: "points"})
		people := f.crowd("points")
		_, err := f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Type: typed(field.Numerical)})
		f.ok(err)
		f.refuse(people[0], people[1_500], people[5_009])
		log := f.logged()
		f.workFields()
		f.skips(log, []string{"field convert"}, people[0], people[1_500], people[5_009])
		now, err := f.fields.Get(f.Context(), f.community, fld.ID)
		f.ok(err)
		if now.Type != field.Numerical || now.Works() || !strings.Contains(now.Work.Error, "(3)") {
			f.Fatalf("%+v", now)
		}
		for i, want := range map[int]any{0: "0", 1: json.Number("1"), 1_499: json.Number("1499"), 1_500: "1500", 5_008: json.Number("5008"), 5_009: "5009"} {
			if v := f.value(people[i], "points"); v != want {
				t.Errorf("%d: %#v", i, v)
			}
		}
	})
}

func TestTheRemovalOfAFieldsValuesReportsMembersThatKeepThem(t *testing.T) {
	each(t, func(f *fixture) {
		field := f.define(field.Input{Field: "points"})
		people := f.people("ann", "bob", "cat")
		for _, r := range people {
			f.ok(asError(f.change(r, "points", "7")))
		}
		f.refuse(people[0], people[2])
		log := f.logged()
		_, err := f.members.DeleteField(f.Context(), f.community, field.ID, "points")
		f.ok(err)
		f.skips(log, []string{"field clear"}, people[0], people[2])
	})
}

func TestAConversionThatTheDatabaseRefusesAtOnceChangesNothing(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.define(field.Input{Field: "points"})
		people := f.people("ann", "bob")
		for _, r := range people {
			f.ok(asError(f.change(r, "points", "7")))
		}
		f.refuse(people[1])
		if _, err := f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Type: typed(field.Numerical)}); !errs.Is(err, "values_refused") {
			t.Errorf("%v, want values_refused", err)
		}
		if v := f.value(people[0], "points"); v != "7" {
			t.Errorf("%#v", v)
		}
	})
}

func TestAnIndexThatTheDatabaseRefusesIsGivenUpAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.define(field.Input{Field: "points"})
		for _, r := range f.people("ann", "bob") {
			f.ok(asError(f.change(r, "points", "7")))
		}
		_, err := f.db.Exec(f.Context(), "CREATE UNIQUE INDEX one_value ON member_value (key)")
		f.ok(err)
		if _, err := f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Filterable: yes(true)}); !errs.Is(err, "values_refused") {
			t.Errorf("%v, want values_refused", err)
		}
	})
}
