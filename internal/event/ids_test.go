package event_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/event"
)

func TestPackedIDs(t *testing.T) {
	want := []string{"665f1a2b3c4d5e6f70819201", "665f1a2b3c4d5e6f70819202", "665f1a2b3c4d5e6f70819203"}
	var ids event.IDs
	for _, s := range want {
		ids = ids.Add(s)
	}
	data, err := json.Marshal(map[string]event.IDs{"created": ids})
	if err != nil || string(data) != `{"created":"Zl8aKzxNXm9wgZIBZl8aKzxNXm9wgZICZl8aKzxNXm9wgZID"}` {
		t.Fatalf("%s, %v", data, err)
	}
	created, err := event.Created(&event.Event{Data: data})
	if got := slices.Collect(created.All()); err != nil || !reflect.DeepEqual(got, want) || created.Len() != 3 {
		t.Errorf("%v, %v", got, err)
	}
	removed, err := event.Removed(&event.Event{Data: data})
	if err != nil || removed.Len() != 0 {
		t.Errorf("%v, %v", removed, err)
	}
}
