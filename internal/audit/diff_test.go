package audit_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/audit"
)

func TestDiffReturnsTheFieldsThatDiffer(t *testing.T) {
	type class string
	changed := []audit.Change{
		{Field: "name", Old: "a", New: "b"},
		{Field: "active", Old: nil, New: false},
		{Field: "options", Old: []string{"a"}, New: []string{"a", "b"}},
		{Field: "default", Old: json.Number("1"), New: json.Number("1.0")},
		{Field: "broken", Old: make(chan int), New: make(chan int)},
	}
	same := []audit.Change{
		{Field: "name", Old: "a", New: class("a")},
		{Field: "none", Old: nil, New: nil},
		{Field: "options", Old: []string{"a"}, New: []string{"a"}},
		{Field: "limits", Old: map[string]any{"a": 1.0, "b": 2}, New: map[string]any{"b": 2, "a": 1}},
	}
	got := audit.Diff(append(same, changed...)...)
	if len(got) != len(changed) {
		t.Fatalf("%+v", got)
	}
	for i := range got {
		if got[i].Field != changed[i].Field {
			t.Errorf("%s, want %s", got[i].Field, changed[i].Field)
		}
	}
	if got := audit.Diff(same...); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestDiffOfANewOrDeletedTargetHasOneSide(t *testing.T) {
	fields := func() []audit.Change {
		return []audit.Change{{Field: "name", New: "b"}, {Field: "active", Old: false, New: false}}
	}
	if want, got := []audit.Change{{Field: "name", New: "b"}, {Field: "active", New: false}}, audit.DiffTarget(false, true, fields()...); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if want, got := []audit.Change{{Field: "active", Old: false}}, audit.DiffTarget(true, false, fields()...); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got := audit.DiffTarget(false, false, fields()...); got != nil {
		t.Errorf("%+v", got)
	}
}
