package member

import (
	"testing"

	"github.com/regulars/regulars/internal/field"
)

func TestNamesInRequestsAreLookedUpAsTheyAreStored(t *testing.T) {
	names := Names{Roles: map[string]string{"r1": "Team Lead"}, Tags: map[string]string{"t1": "Café", "t2": "vip"}}
	spaced := "\u00a0vip "
	for ref, want := range map[string]string{"Cafe\u0301": "t1", spaced: "t2", "VIP": "VIP", "t2": "t2"} {
		if got := names.Tag(ref); got != want {
			t.Errorf("tag %q is %s, want %s", ref, got, want)
		}
	}
	if got := names.Role("Team\u00a0 Lead"); got != "r1" {
		t.Errorf("role %s", got)
	}
	fields := []field.Field{{ID: "f1", Field: "shirt-size", Name: "Shirt Size"}}
	if f := field.Find(fields, "shirt  size"); f == nil {
		t.Error("a field is not found by the name that was given for it")
	}
}
