package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestStringsBeyondTheMemoryAreReadFromAFile(t *testing.T) {
	table := &stringTable{max: 1000}
	want := []string{"", strings.Repeat("long", windowSize), "ü", strings.Repeat("x", longString), strings.Repeat("y", longString-1), ""}
	for i := range 1000 {
		want = append(want, fmt.Sprint("string ", i))
	}
	for _, s := range want {
		if err := table.add([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	for i, s := range want {
		if got, err := table.get(i, MaxRecord+1); err != nil || got != s {
			t.Fatalf("string %d is %.20q, %v", i, got, err)
		}
	}
	if _, err := table.get(len(want), MaxRecord); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if table.file == nil || len(table.memory) > 1000 {
		t.Error("all is in memory")
	}
	if err := table.close(); err != nil {
		t.Fatal(err)
	}
}
