package note_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/note"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var operator = actor.Actor{Kind: actor.Command, Name: "zelda"}

func TestNotesAreErasedWithTheirMember(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		notes := note.New(note.Deps{DB: f.DB, Clock: f.Clock, Access: f.NewAccess(), Members: f.Members})
		people := f.People("ada", "ben")
		ada, ben := people[0], people[1]
		for _, who := range []string{ada.ID, ben.ID} {
			if _, err := notes.Create(f.Context(), operator, f.Community, who, "secret-of-"+who); err != nil {
				t.Fatal(err)
			}
		}
		err := f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return note.EraseMembers(f.Context(), tx, f.Community, []string{ada.ID}) })
		if err != nil {
			t.Fatal(err)
		}
		dump := strings.Join(sqldbtest.Dump(f, f.DB), "\n")
		if strings.Contains(dump, "secret-of-"+ada.ID) || !strings.Contains(dump, "secret-of-"+ben.ID) {
			t.Error("the wrong notes are left")
		}
	})
}

func TestAMemberHasABoundedNumberOfNotes(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		notes := note.New(note.Deps{DB: f.DB, Clock: f.Clock, Access: f.NewAccess(), Members: f.Members})
		ada := f.People("ada")[0]
		for range 500 {
			if _, err := notes.Create(f.Context(), operator, f.Community, ada.ID, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := notes.Create(f.Context(), operator, f.Community, ada.ID, "x"); !errs.Is(err, "too_many_notes") {
			t.Error(err)
		}
	})
}
