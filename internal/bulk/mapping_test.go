package bulk_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/mapping"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

func (f *fixture) stageText(person actor.Actor, text string) bulk.Draft {
	f.Helper()
	in := f.input(bulk.Import, text, bulk.Options{})
	in.Actor = person
	d, err := f.stage(f.Context(), in)
	f.ok(err)
	return d
}

func columnsOf(d bulk.Draft) (text string) {
	for _, c := range d.Columns {
		text += c.Header + "=" + c.Field + " "
	}
	return text
}

func TestNextFileWithTheSameHeaderIsMatchedAlike(t *testing.T) {
	each(t, func(f *fixture) {
		ada, grace := f.key(), f.key()
		ada.Name = "ada"
		f.field(field.Input{Field: "shirt", Name: "Shirt", Type: field.SingleLine})
		first := f.stageText(ada, "Mail;Who;Size;Notes;Level\nann@example.com;ann;M;x;pro\n")
		o := first.Options
		o.Mapping = map[string]*string{"Mail": new("email"), "Who": new("username"), "Size": new("shirt"), "Notes": nil, "Level": new("plan")}
		o.Mode, o.DateFormat, o.Delimiter = bulk.UpdateOnly, "DD.MM.YYYY", ";"
		_, err := f.bulk.Restage(f.Context(), ada, f.community, first.ID, o)
		f.ok(err)
		_, err = f.bulk.StartDraft(f.Context(), ada, f.community, first.ID, true)
		f.ok(err)
		if d, err := f.bulk.Draft(f.Context(), ada, f.community, first.ID); err != nil || d.Matched != nil {
			f.Errorf("the checked draft itself: %+v %v", d.Matched, err)
		}

		next := f.stageText(grace, "size,LEVEL,who,mail,notes\nL,free,bob,bob@example.com,y\n")
		if got := columnsOf(next); got != "size=shirt LEVEL=plan who=username mail=email notes= " || next.Matched == nil || next.Matched.By != "ada" || next.Options.Mode != bulk.UpdateOnly || next.Options.DateFormat != "DD.MM.YYYY" || next.Options.Delimiter != "" {
			f.Fatalf("%s, matched %+v, %+v", got, next.Matched, next.Options)
		}
		scratch := next.Options
		scratch.Mapping = nil
		plain, err := f.bulk.Restage(f.Context(), grace, f.community, next.ID, scratch)
		if err != nil || plain.Matched != nil || columnsOf(plain) == columnsOf(next) {
			f.Errorf("from scratch: %s %+v %v", columnsOf(plain), plain.Matched, err)
		}

		fields, err := f.fields.List(f.Context(), command, f.community)
		f.ok(err)
		at := slices.IndexFunc(fields, func(fld field.Field) bool { return fld.Field == "shirt" })
		_, err = f.changes.DeleteField(f.Context(), command, f.community, fields[at].ID, fields[at].Field)
		f.ok(err)
		dropped := f.stageText(grace, "Mail;Who;Size;Notes;Level\nann@example.com;ann;M;x;pro\n")
		if m := dropped.Matched; m == nil || !slices.Equal(m.Dropped, []string{"Size"}) || columnsOf(dropped) != "Mail=email Who=username Size= Notes= Level=plan " {
			f.Errorf("a deleted field: %s %+v", columnsOf(dropped), m)
		}
		if other := f.stageText(grace, "Mail,Who,Size\nann@example.com,ann,M\n"); other.Matched != nil {
			f.Errorf("another header: %+v", other.Matched)
		}
	})
}

func TestMappedValuesAreUsedForTheNextFileWithTheSameHeader(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "level", Name: "Level", Type: field.Select, Options: []string{"Pro", "Free", "Plus"}})
		f.field(field.Input{Field: "colours", Name: "Colours", Type: field.MultiSelect, Options: []string{"Red", "Blue"}})
		first := f.stageText(command, "Mail,Tier,Colour,Tag\nann@example.com,Gold,rot,\n")
		o := first.Options
		o.Mapping = map[string]*string{"Mail": new("email"), "Tier": new("level"), "Colour": new("colours"), "Tag": new("tag")}
		o.Values = map[string]map[string]string{"Tier": {"Gold": "Pro", "none": "", "Wood": "Plus"}, "Colour": {"rot": "Red", "beide": "Red,Blue"}, "Tag": {"B": "beta"}}
		_, err := f.bulk.Restage(f.Context(), command, f.community, first.ID, o)
		f.ok(err)
		_, err = f.bulk.StartDraft(f.Context(), command, f.community, first.ID, true)
		f.ok(err)

		next := f.stageText(command, "tag;colour;tier;mail\n;rot;Gold;bob@example.com\n")
		values := fmt.Sprint(next.Options.Values)
		if want := "map[colour:map[beide:Red,Blue rot:Red] tag:map[B:beta] tier:map[Gold:Pro Wood:Plus none:]]"; values != want {
			f.Fatalf("the values are %s, want %s", values, want)
		}
		if m := next.Matched; m == nil || m.Values != 6 || len(m.DroppedValues) != 0 {
			f.Errorf("matched: %+v", m)
		}

		_, err = f.changes.UpdateField(f.Context(), command, f.community, "level", field.Update{Options: []string{"Free", "Plus"}, Replace: map[string]*string{"Pro": nil}})
		f.ok(err)
		later := f.stageText(command, "Mail,Tier,Colour,Tag\ncem@example.com,Gold,rot,\n")
		if got := fmt.Sprint(later.Options.Values["Tier"]); got != "map[Wood:Plus none:]" {
			f.Errorf("after an option was deleted: %s", got)
		}
		if m := later.Matched; m == nil || m.Values != 5 || fmt.Sprint(m.DroppedValues) != "[{Tier Gold Pro}]" {
			f.Errorf("matched: %+v", m)
		}
		o = later.Options
		o.Values["Tier"]["Gold"] = "Plus"
		again, err := f.bulk.Restage(f.Context(), command, f.community, later.ID, o)
		f.ok(err)
		if m := again.Matched; m == nil || len(m.DroppedValues) != 0 {
			f.Errorf("mapped again: %+v", m)
		}
	})
}

func TestNumberOfSavedMappingsIsBounded(t *testing.T) {
	each(t, func(f *fixture) {
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			for i := range 205 {
				j := job.Job{CommunityID: f.community, Type: job.Import, CreatedAt: int64(i + 1)}
				if err := mapping.Save(f.Context(), tx, &j, &j, []string{fmt.Sprintf("Column %d", i)}); err != nil {
					return err
				}
			}
			return nil
		}))
		for i, want := range map[int]bool{4: false, 5: true, 204: true} {
			if saved, err := mapping.Load(f.Context(), f.db, f.community, []string{fmt.Sprintf("column_%d", i)}); err != nil || (saved != nil) != want {
				f.Errorf("mapping %d: %+v %v", i, saved, err)
			}
		}
	})
}
